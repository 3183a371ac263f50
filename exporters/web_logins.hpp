// Users and passwords of our pages. A check by bcrypt takes a tenth of a second by design, so it runs on a
// thread of its own, a few at a time, and what was found right is remembered.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/secret.hpp"

namespace healthd {

namespace asio = boost::asio;

/// Name to bcrypt hash.
using WebUsers = std::map<std::string, std::string>;

struct LoginLimits {
  std::size_t checks = 8;        ///< that run or wait at one moment
  int wrong = 10;                ///< logins that one address may try in vain at once ...
  std::chrono::seconds each{6};  ///< and one more after so long
  std::size_t addresses = 1024;  ///< that are remembered for that
  std::size_t right = 64;        ///< logins that are remembered
};

class WebLogins {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Verdict { admitted, refused, throttled, busy };

  /// Checks run on `hashers`, whose threads must end before the loop is destroyed; all else on the loop.
  /// `throttled` hears of an address once, when it has tried too often.
  WebLogins(asio::any_io_executor hashers, std::function<void(const asio::ip::address&)> throttled,
            LoginLimits limits = {});
  ~WebLogins();
  WebLogins(const WebLogins&) = delete;
  WebLogins& operator=(const WebLogins&) = delete;

  /// `authorization` is the field's value. A wrong password, and a user that there is not, take the same
  /// time. This object must outlive the call.
  asio::awaitable<Verdict> judge(std::shared_ptr<const WebUsers> users, std::string authorization,
                                 asio::ip::address from);

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Tries {
    double left;
    Clock::time_point at;
    bool told = false;
  };

  Digest digest_of(std::string_view user, std::string_view password, std::string_view hash) const;
  bool is_known(const Digest& digest) const;
  bool take_try(const asio::ip::address& from);
  void give_back(const asio::ip::address& from);

  const asio::any_io_executor hashers_;
  const std::function<void(const asio::ip::address&)> throttled_;
  const LoginLimits limits_;
  Digest key_{};  ///< of this process, random
  std::deque<Digest> right_;
  std::map<asio::ip::address, Tries> tries_;
  std::size_t checks_ = 0;
};

/// Whether `hash` is that of `password`. Takes as long as the most expensive hash of all users, `cost`,
/// whatever the answer is; for a user that there is not, `hash` is "".
bool check_password(const Secret& password, const std::string& hash, int cost);

}  // namespace healthd
