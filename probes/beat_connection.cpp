#include "probes/beat_connection.hpp"

#include <algorithm>

namespace healthd {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_candidates = 64;
constexpr int enough = 3;
/// Counts are halved here: what a connection does now weighs more than what it did yesterday.
constexpr int long_memory = 32;
/// Two times of the same command, made from whole idle seconds, differ by a second and what a look takes.
constexpr auto same_command = 1500ms;

bool sends(const RedisPeer& peer) { return peer.command == "lpush" || peer.command == "publish"; }

BeatConnection::Time last_command(const RedisPeer& peer, BeatConnection::Time now) {
  return now - std::chrono::seconds{peer.idle};
}

}  // namespace

BeatConnection::BeatConnection(Span every) : every_{every} {}

bool BeatConnection::learned(const Candidate& candidate) {
  return candidate.matches >= enough && candidate.quiet >= enough &&
         4 * candidate.mismatches <= candidate.matches;
}

void BeatConnection::observe(const std::vector<RedisPeer>& peers, bool tick_since_last_look, Time now) {
  if (peers.empty()) return;  // we are in the list ourselves: so this is none
  if (tick_since_last_look) {
    // The last tick of a Beat that was killed may be late; one that is later comes from another connection.
    if (lost_ && now - *lost_ >= every_ / 2) lost_.reset();
    last_tick_ = now;
  }
  drop_vanished(peers, now);
  for (const auto& peer : peers) {
    const auto known = candidates_.find(peer.id);
    if (known == candidates_.end()) {
      if (sends(peer)) admit(peer, now);
      continue;
    }
    auto& candidate = known->second;
    const bool sent = sent_anew(candidate, peer, now);
    if (sent && ticks_stopped(now)) {
      candidate.matches = candidate.mismatches = candidate.quiet = 0;
      candidate.early = candidate.owing = false;
      continue;
    }
    score(candidate, sent, tick_since_last_look);
  }
}

bool BeatConnection::ticks_stopped(Time now) const {
  return !last_tick_ || now - *last_tick_ > every_ * 5 / 2;
}

void BeatConnection::drop_vanished(const std::vector<RedisPeer>& peers, Time now) {
  std::map<long long, const std::string*> hosts;
  for (const auto& peer : peers) hosts[peer.id] = &peer.host;
  std::erase_if(candidates_, [&](const auto& entry) {
    const auto peer = hosts.find(entry.first);
    if (peer != hosts.end() && *peer->second == entry.second.host) return false;
    if (learned(entry.second)) lost_ = now;
    return true;
  });
}

/// The first sight of a connection is a starting point. Where there are too many, the least likely one
/// gives way.
void BeatConnection::admit(const RedisPeer& peer, Time now) {
  if (candidates_.size() >= most_candidates) {
    const auto worse = [](const auto& a, const auto& b) {
      return a.second.mismatches - a.second.matches > b.second.mismatches - b.second.matches;
    };
    const auto worst = std::min_element(candidates_.begin(), candidates_.end(), worse);
    if (worst->second.mismatches <= worst->second.matches) return;
    candidates_.erase(worst);
  }
  auto& candidate = candidates_[peer.id];
  candidate.host = peer.host;
  candidate.sent = last_command(peer, now);
  candidate.sending = true;
}

bool BeatConnection::sent_anew(Candidate& candidate, const RedisPeer& peer, Time now) {
  const auto at = last_command(peer, now);
  const bool newer = at - candidate.sent > same_command;
  const bool anew = sends(peer) && (newer || !candidate.sending);
  if (newer || candidate.sending != sends(peer)) candidate.sent = at;
  candidate.sending = sends(peer);
  return anew;
}

/// A look between a send and the start of the task sees the one a look before or after the other. That is
/// excused, but no evidence: an irregular sender often is that near.
void BeatConnection::score(Candidate& candidate, bool sent, bool tick) {
  const bool excused = (candidate.early && tick && !sent) || (candidate.owing && sent && !tick);
  if (excused) {
    candidate.early = candidate.owing = false;
    return;
  }
  if (candidate.early || candidate.owing) ++candidate.mismatches;
  candidate.early = sent && !tick;
  candidate.owing = tick && !sent;
  if (sent && tick) ++candidate.matches;
  if (!sent && !tick) candidate.quiet = std::min(candidate.quiet + 1, enough);
  if (candidate.matches + candidate.mismatches > long_memory) {
    candidate.matches /= 2;
    candidate.mismatches /= 2;
  }
}

BeatConnection::Fate BeatConnection::fate() const {
  const auto is_learned = [](const auto& entry) { return learned(entry.second); };
  if (std::any_of(candidates_.begin(), candidates_.end(), is_learned)) return Fate::there;
  return lost_ ? Fate::gone : Fate::unknown;
}

}  // namespace healthd
