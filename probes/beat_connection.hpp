// Which connection to the broker is Beat's, learned from CLIENT LIST: its last command is what sent the
// last tick, over and over. When ticks stop, it tells a Beat that is gone from one that hangs. Pure: the
// time is an argument.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/net/client_list.hpp"

namespace healthd {

class BeatConnection {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Span = std::chrono::steady_clock::duration;

  enum class Fate { unknown, there, gone };

  /// `every`: the period of the task that ticks.
  explicit BeatConnection(Span every);

  /// A look at all connections, from a round in which a tick could have been seen. `tick_since_last_look`:
  /// a new tick was seen since the look before. A connection that sent anew in three looks with a new tick,
  /// and hardly ever in one without (a send one look beside its tick speaks neither for nor against it), is
  /// Beat's; three looks with neither must have been among them, so where every look has a tick none is
  /// learned. To send is LPUSH; or PUBLISH, which is the last command of a Beat that tells of its tasks in
  /// events. What sends on after ticks have stopped is unlearned. Candidates are kept by id, at most 64. A
  /// broker that restarts counts ids anew: then begin with a new object.
  void observe(const std::vector<RedisPeer>& peers, bool tick_since_last_look, Time now);

  /// What became of the connection that was learned: unknown where none was, or where ticks come from
  /// another one.
  Fate fate() const;

 private:
  struct Candidate {
    std::string host;
    Time sent;             ///< its last command, to a second
    bool sending = false;  ///< its last command sends
    bool early = false;    ///< sent at the look before, which had no tick
    bool owing = false;    ///< did not send at the look before, which had a tick
    int matches = 0;
    int mismatches = 0;
    int quiet = 0;  ///< looks without a tick in which it did not send
  };
  using Candidates = std::map<long long, Candidate>;

  static bool learned(const Candidate& candidate);
  static bool sent_anew(Candidate& candidate, const RedisPeer& peer, Time now);
  static void score(Candidate& candidate, bool sent, bool tick);
  void drop_vanished(const std::vector<RedisPeer>& peers, Time now);
  void admit(const RedisPeer& peer, Time now);
  bool ticks_stopped(Time now) const;

  Span every_;
  Candidates candidates_;
  std::optional<Time> last_tick_;
  std::optional<Time> lost_;  ///< when a learned one vanished
};

}  // namespace healthd
