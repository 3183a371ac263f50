// Owns spawned coroutines: each has a name, can be cancelled and is awaited; what escapes from one is
// reported.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <string>
#include <string_view>

namespace healthd {

namespace asio = boost::asio;

class TaskScope {
 public:
  /// `escaped` is told the task's name and what it threw; a cancel is no escape.
  using Escaped = std::function<void(const std::string& name, const std::string& error)>;
  TaskScope(asio::any_io_executor executor, Escaped escaped);

  void spawn(std::string name, asio::awaitable<void> task);
  /// Cancels the tasks of this name (all, for ""), and waits for nothing.
  void cancel(std::string_view name);
  /// Cancels every task and waits until all have unwound. No task may be spawned afterwards.
  asio::awaitable<void> stop();
  bool empty() const { return tasks_.empty(); }

 private:
  struct Task {
    std::string name;
    asio::cancellation_signal cancel;
  };
  void ended(std::list<Task>::iterator task, std::exception_ptr error);

  asio::any_io_executor executor_;
  Escaped escaped_;
  std::list<Task> tasks_;
  asio::steady_timer all_ended_;
};

}  // namespace healthd
