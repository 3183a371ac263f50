#include "probes/redis_state.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "config/duration.hpp"

namespace healthd {
namespace {

/// A server that is restarted more often than this, from run to run, is not one server.
constexpr int most_in_a_row = 3;

std::string text_of(const InfoText& info, std::string_view field) { return std::string{info.text(field)}; }

std::string megabytes(double bytes) {
  std::array<char, 32> text{};
  const double shown = std::clamp(bytes, 0.0, 1e18) / 1e6;  // whatever a stranger claims, it fits
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), shown, std::chars_format::fixed, 1);
  return std::string{text.data(), end} + " MB";
}

/// For a field that counts seconds; "" where it is absent or below zero, which stands for never.
std::string in_words(const InfoText& info, std::string_view field) {
  constexpr double longest = 1e9;
  const auto seconds = info.number(field);
  if (!seconds || *seconds < 0 || *seconds > longest) return {};
  return format_duration(std::chrono::seconds{static_cast<long long>(*seconds)});
}

std::string memory(const InfoText& info) {
  const auto limit = info.number("maxmemory").value_or(0);
  const auto used = megabytes(info.number("used_memory").value_or(0));
  return used + (limit > 0 ? " of " + megabytes(limit) : ", no limit");
}

std::string clients(const InfoText& info) {
  if (info.text("connected_clients").empty()) return {};
  auto text = text_of(info, "connected_clients");
  if (const auto most = info.text("maxclients"); !most.empty()) text += " of " + std::string{most};
  return text + ", " + text_of(info, "blocked_clients") + " blocked";
}

std::string persistence(const InfoText& info) {
  if (info.text("rdb_last_bgsave_status").empty()) return {};
  auto text = "snapshot " + text_of(info, "rdb_last_bgsave_status");
  if (const auto unsaved = info.text("rdb_changes_since_last_save"); !unsaved.empty())
    text += " (" + std::string{unsaved} + " changes not saved)";
  if (info.number("aof_enabled") == 1.0)
    text += ", append-only file " + text_of(info, "aof_last_write_status");
  return text;
}

std::string loading(const InfoText& info) {
  if (info.number("loading") != 1.0) return {};
  auto text = text_of(info, "loading_loaded_perc") + " % read";
  if (const auto left = in_words(info, "loading_eta_seconds"); !left.empty()) text += ", " + left + " left";
  return text;
}

std::string primary(const InfoText& info) {
  if (info.text("role") != "slave") return {};
  auto text = "link " + text_of(info, "master_link_status");
  if (const auto since = in_words(info, "master_link_down_since_seconds"); !since.empty())
    text += " since " + since;
  return text;
}

}  // namespace

Failure writes_refused(const InfoText& info) {
  if (info.text("role") == "slave" && info.text("slave_read_only") != "0")
    return {Reason::read_only, "the server is a read-only replica"};
  // Shown only where the server asks for at least one.
  if (info.text("min_slaves_good_slaves") == "0")
    return {Reason::noreplicas, "no replica is in reach, and the server asks for one before it writes"};
  if (info.text("maxmemory_policy") == "noeviction") return memory_short(info, 1.0);
  return {};
}

Failure explained(Failure failure, const InfoText& info) {
  std::string more;
  if (failure.reason == Reason::loading) more = loading(info);
  if (failure.reason == Reason::masterdown) more = primary(info);
  if (failure.reason == Reason::misconf) more = persistence(info);
  if (!more.empty()) failure.detail += " (" + more + ")";
  return failure;
}

std::vector<std::pair<std::string, std::string>> server_evidence(const InfoText& info) {
  std::vector<std::pair<std::string, std::string>> evidence;
  const auto add = [&](const char* name, std::string text) {
    if (!text.empty()) evidence.emplace_back(name, std::move(text));
  };
  add("version", text_of(info, "redis_version"));
  add("role", text_of(info, "role"));
  add("up for", in_words(info, "uptime_in_seconds"));
  add("memory", memory(info));
  add("policy", text_of(info, "maxmemory_policy"));
  add("clients", clients(info));
  add("persistence", persistence(info));
  add("loading", loading(info));
  add("primary", primary(info));
  return evidence;
}

Failure ServerIdentity::observe(const InfoText& info) {
  const auto run_id = std::exchange(run_id_, text_of(info, "run_id"));
  const auto role = std::exchange(role_, text_of(info, "role"));
  if (role.empty() && run_id.empty()) return {};
  in_a_row_ = role == role_ && run_id == run_id_ ? 0 : in_a_row_ + 1;
  if (in_a_row_ > most_in_a_row) return {};
  if (role != role_) return {Reason::role_changed, "the server was " + role + " and is now " + role_};
  if (run_id != run_id_)
    return {Reason::role_changed, "the server was restarted, or another one answers in its place"};
  return {};
}

}  // namespace healthd
