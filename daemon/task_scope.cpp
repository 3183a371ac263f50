#include "daemon/task_scope.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace healthd {

TaskScope::TaskScope(asio::any_io_executor executor, Escaped escaped)
    : executor_{std::move(executor)},
      escaped_{std::move(escaped)},
      all_ended_{executor_, asio::steady_timer::time_point::max()} {}

void TaskScope::spawn(std::string name, asio::awaitable<void> task) {
  const auto entry = tasks_.emplace(tasks_.end());
  entry->name = std::move(name);
  auto on_end = [this, entry](std::exception_ptr error) { ended(entry, error); };
  asio::co_spawn(executor_, std::move(task),
                 asio::bind_cancellation_slot(entry->cancel.slot(), std::move(on_end)));
}

void TaskScope::ended(std::list<Task>::iterator task, std::exception_ptr error) {
  const std::string name = std::move(task->name);
  tasks_.erase(task);
  if (tasks_.empty()) all_ended_.cancel();
  if (!error) return;
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& thrown) {
    if (thrown.code() != asio::error::operation_aborted) escaped_(name, thrown.what());
  } catch (const std::exception& thrown) {
    escaped_(name, thrown.what());
  }
}

void TaskScope::cancel(std::string_view name) {
  // A task may end, and leave the list, while its signal is being emitted.
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    const auto current = task++;
    if (name.empty() || current->name == name) current->cancel.emit(asio::cancellation_type::terminal);
  }
}

asio::awaitable<void> TaskScope::stop() {
  cancel("");
  while (!tasks_.empty()) co_await all_ended_.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace healthd
