// What becomes of a result: alerts, incidents, rows on the disk, messages to receivers. Holds the pure parts
// together; everything here happens on the main loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/alert_engine.hpp"
#include "daemon/dispatcher.hpp"
#include "daemon/incidents.hpp"
#include "daemon/journal.hpp"
#include "daemon/levers.hpp"
#include "daemon/store.hpp"

namespace healthd {

/// What a Judgement is made of.
struct JudgementParts {
  std::string stack;
  std::vector<AlertRule> rules;
  std::vector<WatchedProbe> probes;
  AlertLinks links;
  Dependencies dependencies;
  std::chrono::system_clock::time_point boot_grace_until;
  std::vector<Receiver> receivers;
  std::vector<RouteConfig> routes;
  std::vector<MaintenanceConfig> maintenance;
};

/// What one Judgement leaves to the next, when a reload replaces it.
struct Handover {
  std::vector<StoredRow> rows;
  bool memory_lost = false;
  std::map<std::string, bool> reconciled;
  std::vector<ReceiverView> receivers;
  std::uint64_t incidents = 0;  ///< that began
};

class Judgement {
 public:
  Judgement(asio::any_io_executor executor, JudgementParts parts, Store& store);

  /// Goes on from what the state file holds. Before start().
  void restore();
  /// Goes on from where another one stopped, and writes all of it. Instead of restore().
  void take_over(Handover before);
  /// After halt(): everything.
  Handover hand_over();
  /// Sends nothing more; waits for what is on its way. Goes on judging.
  asio::awaitable<void> halt(Deadline deadline) { return dispatcher_.halt(deadline); }
  /// Spawns the writer and the delivery loops.
  void start(TaskScope& scope);

  void on(const Outcome& outcome);
  /// To be called about once a second.
  void tick();
  /// Until everything that has happened is on the disk, for a few seconds at most.
  asio::awaitable<void> written() { return journal_.flush(Deadline::in(std::chrono::seconds{3})); }
  /// Tells what is due and writes what is left. Returns how many messages could not be sent.
  asio::awaitable<std::size_t> finish(Deadline deadline);

  /// Somebody takes an incident on.
  void acknowledge(const std::string& incident, const std::string& by, const std::string& comment);
  Levers& levers() { return levers_; }
  /// After a change of the levers: they are kept, and judged by at once.
  void levers_changed();

  const AlertEngine& engine() const { return engine_; }
  const Incidents& incidents() const { return incidents_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }

 private:
  void publish(const std::vector<Alert>& changes);
  void persist(bool all);
  void restore_rows(std::vector<StoredRow> rows, bool on_disk);
  void restore_engine(std::vector<EngineMemory> memories);
  void close_unknown_members();
  void reconcile(const Outcome& outcome);

  Store& store_;
  Journal journal_;
  Levers levers_;
  AlertEngine engine_;
  Incidents incidents_;
  Dispatcher dispatcher_;
  std::vector<AlertRule> rules_;
  std::chrono::steady_clock::time_point saved_at_{};
  bool memory_lost_ = false;                ///< receivers may hold alerts open that we know nothing of
  std::map<std::string, bool> reconciled_;  ///< probes of which that has been cleared up
};

}  // namespace healthd
