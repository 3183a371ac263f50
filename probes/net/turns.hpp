// One at a time, in the order of asking: a lock for the coroutines of one loop.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <list>

namespace healthd {

namespace asio = boost::asio;

class Turns {
  struct Waiter;

 public:
  /// Whoever holds it has the turn; its destructor passes the turn on.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_{&turns} {}
    Turn(Turn&& other) noexcept : turns_{other.turns_} { other.turns_ = nullptr; }
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->pass_on();
    }

   private:
    Turns* turns_;
  };

  /// Cancellable. `this` must outlive the turn and the wait.
  asio::awaitable<Turn> take();

 private:
  void pass_on();

  bool taken_ = false;
  std::list<Waiter*> waiting_;
};

}  // namespace healthd
