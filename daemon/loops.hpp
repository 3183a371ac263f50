// The threads of the program: the main loop, which owns all state, the PostgreSQL loop, and workers for
// rendering and for passwords.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <future>
#include <thread>

#include "probes/net/resolve.hpp"
#include "probes/tools.hpp"

namespace healthd {

class Loops {
 public:
  Loops();
  ~Loops();

  boost::asio::io_context& main() { return main_; }
  boost::asio::thread_pool& worker() { return worker_; }
  /// For passwords: whoever tries many of them delays no page.
  boost::asio::thread_pool& hasher() { return hasher_; }
  Resolver& resolver() { return resolver_; }
  Tools& tools() { return tools_; }

  /// Ends the PostgreSQL loop's thread, or gives up after a moment: a login may keep it computing for as long
  /// as the server likes. Probes may be destroyed afterwards, from this thread.
  void stop_postgres();
  /// A look-up that the system still holds, or a PostgreSQL loop that did not end, would make the destructor
  /// wait: end the process without it.
  bool held_up() const { return resolver_.busy() || stuck_; }

 private:
  boost::asio::io_context main_{1};
  boost::asio::io_context postgres_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> postgres_work_;
  std::promise<void> postgres_ends_;
  std::future<void> postgres_end_;
  std::thread postgres_thread_;
  bool stuck_ = false;
  boost::asio::thread_pool worker_{1};
  boost::asio::thread_pool hasher_{1};
  Resolver resolver_;
  Tools tools_;
};

}  // namespace healthd
