#include "exporters/web_logins.hpp"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>  // explicit_bzero, which <cstring> does not promise

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "config/web_config.hpp"
#include "exporters/off_loop.hpp"
#include "probes/net/base64.hpp"

namespace healthd {
namespace {

constexpr std::size_t longest_password = 1024;
constexpr std::string_view scheme = "basic ";

struct Claim {
  std::string user;
  Secret password;
};

bool has_scheme(std::string_view authorization) {
  if (authorization.size() < scheme.size()) return false;
  return std::ranges::equal(authorization.substr(0, scheme.size()), scheme, {}, [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
}

/// nullopt where nobody is named. A NUL would end the password for bcrypt, so that anything could follow it.
std::optional<Claim> read_claim(std::string_view authorization) {
  if (!has_scheme(authorization)) return std::nullopt;
  auto decoded = base64_decode(authorization.substr(scheme.size()));
  if (!decoded) return std::nullopt;
  const Secret text{std::move(*decoded)};
  const auto pair = text.reveal();
  const auto colon = pair.find(':');
  if (colon == std::string_view::npos || pair.find('\0') != std::string_view::npos) return std::nullopt;
  if (pair.size() - colon > longest_password) return std::nullopt;
  return Claim{std::string{pair.substr(0, colon)}, Secret{std::string{pair.substr(colon + 1)}}};
}

int highest_cost(const WebUsers& users) {
  int highest = 4;
  for (const auto& [name, hash] : users) highest = std::max(highest, bcrypt_cost(hash).value_or(0));
  return highest;
}

/// bcrypt of `password`; "" where libcrypt refuses.
std::string hashed(const Secret& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  const std::string text{password.reveal()};
  const char* result = ::crypt_r(text.c_str(), setting.c_str(), data.get());
  std::string hash = result == nullptr ? "" : result;
  explicit_bzero(data.get(), sizeof *data);
  explicit_bzero(const_cast<char*>(text.data()), text.size());
  return hash;
}

/// The work of a check that nobody is admitted by.
void burn(const Secret& password, int cost) {
  const std::string digits{static_cast<char>('0' + cost / 10), static_cast<char>('0' + cost % 10)};
  (void)hashed(password, "$2b$" + digits + "$abcdefghijklmnopqrstuu");
}

}  // namespace

bool check_password(const Secret& password, const std::string& hash, int cost) {
  const auto own = bcrypt_cost(hash);
  if (!own) {
    burn(password, cost);
    return false;
  }
  const auto found = hashed(password, hash);
  // Each step doubles, so the sum of the steps between fills up to the cost of all.
  for (int step = *own; step < cost; ++step) burn(password, step);
  return found.size() == hash.size() && CRYPTO_memcmp(found.data(), hash.data(), hash.size()) == 0;
}

WebLogins::WebLogins(asio::any_io_executor hashers, std::function<void(const asio::ip::address&)> throttled,
                     LoginLimits limits)
    : hashers_{std::move(hashers)}, throttled_{std::move(throttled)}, limits_{limits} {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1)
    throw std::runtime_error{"the system gives no random bytes"};
}

WebLogins::~WebLogins() { explicit_bzero(key_.data(), key_.size()); }

/// Each part goes with its length before it: parts joined by a letter could be moved from one to the next.
WebLogins::Digest WebLogins::digest_of(std::string_view user, std::string_view password,
                                       std::string_view hash) const {
  std::string text;
  for (const auto part : {user, password, hash}) {
    const std::uint64_t size = part.size();
    text.append(reinterpret_cast<const char*>(&size), sizeof size);
    text += part;
  }
  Digest digest{};
  unsigned length = 0;
  ::HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length);
  explicit_bzero(text.data(), text.size());
  return digest;
}

bool WebLogins::is_known(const Digest& digest) const {
  bool known = false;
  for (const auto& each : right_)
    known = CRYPTO_memcmp(each.data(), digest.data(), digest.size()) == 0 || known;
  return known;
}

bool WebLogins::take_try(const asio::ip::address& from) {
  const auto now = Clock::now();
  if (tries_.size() >= limits_.addresses && !tries_.contains(from)) {
    const auto older = [](const auto& left, const auto& right) { return left.second.at < right.second.at; };
    tries_.erase(std::ranges::min_element(tries_, older));
  }
  auto& tries = tries_.try_emplace(from, Tries{static_cast<double>(limits_.wrong), now}).first->second;
  const std::chrono::duration<double> passed = now - tries.at;
  tries.left =
      std::min<double>(limits_.wrong, tries.left + passed / std::chrono::duration<double>{limits_.each});
  tries.at = now;
  if (tries.left >= 1) {
    tries.left -= 1;
    if (tries.left > limits_.wrong / 2) tries.told = false;
    return true;
  }
  if (!std::exchange(tries.told, true) && throttled_) throttled_(from);
  return false;
}

void WebLogins::give_back(const asio::ip::address& from) {
  const auto found = tries_.find(from);
  if (found != tries_.end()) found->second.left += 1;
}

asio::awaitable<WebLogins::Verdict> WebLogins::judge(std::shared_ptr<const WebUsers> users,
                                                     std::string authorization, asio::ip::address from) {
  const auto claim = read_claim(authorization);
  explicit_bzero(authorization.data(), authorization.size());
  if (!claim) co_return Verdict::refused;
  const auto found = users->find(claim->user);
  const std::string hash = found == users->end() ? "" : found->second;
  const auto digest = digest_of(claim->user, claim->password.reveal(), hash);
  if (!hash.empty() && is_known(digest)) co_return Verdict::admitted;
  if (checks_ >= limits_.checks) co_return Verdict::busy;
  if (!take_try(from)) co_return Verdict::throttled;

  ++checks_;
  std::function<bool()> work = [password = claim->password, hash, cost = highest_cost(*users)] {
    return check_password(password, hash, cost);
  };
  const bool right = co_await off_loop(hashers_, std::move(work));
  --checks_;
  if (!right) co_return Verdict::refused;
  give_back(from);
  right_.push_back(digest);
  if (right_.size() > limits_.right) right_.pop_front();
  co_return Verdict::admitted;
}

}  // namespace healthd
