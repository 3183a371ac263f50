// A value that must never be seen: not printable, not comparable, zeroed when it dies.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace healthd {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_{std::move(value)} {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  /// By value: what was here before dies as a Secret, zeroed, and not as a plain string.
  Secret& operator=(Secret other) noexcept {
    value_.swap(other.value_);
    return *this;
  }
  ~Secret();

  bool empty() const { return value_.empty(); }
  /// The one way to the text: only where it is handed to a peer.
  std::string_view reveal() const { return value_; }

 private:
  std::string value_;
};

}  // namespace healthd
