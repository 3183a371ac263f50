#include "daemon/loops.hpp"

namespace healthd {

Loops::Loops()
    : postgres_work_{boost::asio::make_work_guard(postgres_)},
      postgres_thread_{[this] { postgres_.run(); }},
      resolver_{main_.get_executor()},
      tools_{resolver_, postgres_.get_executor()} {}

void Loops::stop_postgres() {
  postgres_work_.reset();
  postgres_.stop();
  if (postgres_thread_.joinable()) postgres_thread_.join();
}

Loops::~Loops() { stop_postgres(); }

}  // namespace healthd
