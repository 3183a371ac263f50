// The threads of the program: the main loop, which owns all state, the PostgreSQL loop, and a worker for
// rendering.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
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
  Resolver& resolver() { return resolver_; }
  Tools& tools() { return tools_; }

  /// Ends the PostgreSQL loop's thread. Probes may be destroyed afterwards, from this thread.
  void stop_postgres();
  /// A look-up that the system still holds would make the destructor wait: end the process without it.
  bool held_up() const { return resolver_.busy(); }

 private:
  boost::asio::io_context main_{1};
  boost::asio::io_context postgres_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> postgres_work_;
  std::thread postgres_thread_;
  boost::asio::thread_pool worker_{1};
  Resolver resolver_;
  Tools tools_;
};

}  // namespace healthd
