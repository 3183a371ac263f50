#include "daemon/loops.hpp"

namespace healthd {

Loops::Loops()
    : postgres_work_{boost::asio::make_work_guard(postgres_)},
      postgres_end_{postgres_ends_.get_future()},
      postgres_thread_{[this] {
        postgres_.run();
        postgres_ends_.set_value();
      }},
      resolver_{main_.get_executor()},
      tools_{resolver_, postgres_.get_executor()} {}

void Loops::stop_postgres() {
  constexpr std::chrono::seconds patience{1};
  postgres_work_.reset();
  postgres_.stop();
  if (!postgres_thread_.joinable()) return;
  stuck_ = postgres_end_.wait_for(patience) == std::future_status::timeout;
  if (!stuck_) postgres_thread_.join();
}

Loops::~Loops() {
  stop_postgres();
  if (postgres_thread_.joinable()) postgres_thread_.join();  // nobody asked held_up()
}

}  // namespace healthd
