// How old the oldest message of a list is, although messages carry no date: what was newest at an earlier
// look and is still there has waited since then at least, and what is gone had been followed by everything
// that is there. Pure: the time is an argument, and who asks Redis is the caller.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace healthd {

/// Bounds on the age of the oldest message, in seconds. `upper` is absent while nothing bounds it.
struct AgeBracket {
  double lower = 0;
  std::optional<double> upper;
};

class QueueAge {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A look at an empty list.
  void empty(Time now);

  /// A look at a list of `length` messages: its newest and its oldest one. Begins a search over the markers
  /// that earlier looks left. Lists of more than 50,000 messages, and messages of more than 64 KiB, are not
  /// searched; then only an unchanged oldest message bounds the age from below.
  void look(Time now, long long length, std::string_view newest, std::string_view oldest);

  /// The message whose presence in the list is to be asked for next (LPOS); nullopt when the search is over.
  std::optional<std::string> question() const;
  /// The answer to question().
  void answer(bool present);
  /// LPOS is not to be had: gives up the search.
  void give_up();
  /// The message was withdrawn from among others: that it is gone tells nothing of those before it.
  void forget(std::string_view message);

  /// After the search.
  AgeBracket bracket() const;

 private:
  /// A message that was the newest one in all looks from `first` to `last`.
  struct Marker {
    Time first;
    Time last;
    std::string message;
  };
  struct Oldest {
    std::size_t digest;  ///< stands for the message, which may be large
    Time since;
  };

  void watch(std::string_view oldest);
  std::size_t mark(std::string_view newest);
  void make_room(std::size_t bytes);
  Time::duration around(std::size_t marker) const;

  Time now_{};
  std::deque<Marker> markers_;  ///< the oldest one first; at most 64, and 128 KiB of messages
  std::size_t unknown_ = 0;     ///< so many from the front may have left the list; the others are in it
  bool searching_ = false;
  std::optional<Time> gone_;  ///< when the youngest marker that left was last the newest message
  std::optional<Oldest> oldest_;
};

}  // namespace healthd
