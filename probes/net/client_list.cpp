#include "probes/net/client_list.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <optional>

namespace healthd {
namespace {

/// What every connection of ours is called; see redis_target.cpp.
constexpr std::string_view our_name = "superset-healthd";

/// Takes what stands before `separator` off the front of `text`.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

template <class Number>
std::optional<Number> whole(std::string_view digits) {
  Number value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

/// `127.0.0.1:52555`, `[::1]:52555`, `/run/redis.sock:0`.
std::string host_of(std::string_view address) {
  address = address.substr(0, address.rfind(':'));
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return std::string{address};
}

std::string lower(std::string_view text) {
  std::string small{text};
  std::ranges::transform(small, small.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return small;
}

std::optional<RedisPeer> read_peer(std::string_view line) {
  RedisPeer peer;
  std::optional<long long> id;
  std::optional<long long> idle;
  std::optional<int> database;
  while (!line.empty()) {
    auto value = take_until(line, ' ');
    const auto field = take_until(value, '=');
    if (field == "id") id = whole<long long>(value);
    if (field == "addr") peer.host = host_of(value);
    if (field == "name") peer.name = value;
    if (field == "idle") idle = whole<long long>(value);
    if (field == "flags") peer.blocked = value.find('b') != std::string_view::npos;
    if (field == "db") database = whole<int>(value);
    if (field == "cmd") peer.command = lower(value);
  }
  if (!id || !idle || !database) return std::nullopt;
  peer.id = *id;
  peer.idle = std::max(*idle, 0LL);  // below zero where the server's clock was set back
  peer.database = *database;
  return peer;
}

bool takes_tasks(const RedisPeer& peer) { return peer.command == "brpop" && peer.name != our_name; }

}  // namespace

std::vector<RedisPeer> parse_client_list(std::string_view text) {
  std::vector<RedisPeer> peers;
  while (!text.empty()) {
    auto line = take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (auto peer = read_peer(line)) peers.push_back(std::move(*peer));
  }
  return peers;
}

std::vector<RedisPeer> consumers_of(const std::vector<RedisPeer>& peers) {
  std::vector<RedisPeer> consumers;
  std::ranges::copy_if(peers, std::back_inserter(consumers), takes_tasks);
  return consumers;
}

}  // namespace healthd
