#include "daemon/judgement.hpp"

#include <algorithm>
#include <utility>

#include "daemon/log.hpp"

namespace healthd {
namespace {

/// How often what only aged is written.
constexpr std::chrono::seconds save_every{30};

std::chrono::system_clock::time_point wall() { return std::chrono::system_clock::now(); }

void log_change(const Alert& alert) {
  const bool firing = alert.state == AlertState::firing;
  const bool held = !alert.suppressed_by.empty();
  const auto* event = firing                                  ? "alert_firing"
                      : alert.state == AlertState::suppressed ? "alert_suppressed"
                      : held                                  ? "alert_suppressed_over"
                                                              : "alert_resolved";
  const auto annotation = [&alert](const char* name) {
    const auto found = alert.annotations.find(name);
    return found == alert.annotations.end() ? std::string{} : found->second;
  };
  log_event(firing ? LogLevel::warning : LogLevel::info, event,
            {{"alertname", alert.labels.at("alertname")},
             {"probe", alert.labels.at("probe")},
             {"severity", alert.labels.at("severity")},
             {"incident", alert.incident},
             {"suppressed_by", alert.suppressed_by},
             {"description", annotation("description")},
             {"runbook", annotation("runbook_url")}});
}

/// An alert that a receiver was told of and that the engine has forgotten: it fires until it is seen well.
EngineMemory adopted(const Alert& alert, const std::vector<AlertRule>& rules) {
  EngineMemory memory;
  memory.rule = alert.labels.at("alertname");
  memory.probe = alert.labels.at("probe");
  const auto rule = std::ranges::find(rules, memory.rule, &AlertRule::name);
  if (rule != rules.end() && !rule->label.empty() && alert.labels.contains(rule->label))
    memory.label_value = alert.labels.at(rule->label);
  memory.damper.state = static_cast<std::uint8_t>(Damper::State::firing);
  memory.alert = alert;
  memory.raised = Duration{0};
  return memory;
}

}  // namespace

Judgement::Judgement(asio::any_io_executor executor, JudgementParts parts, Store& store)
    : store_{store},
      journal_{executor, store},
      levers_{std::move(parts.maintenance)},
      engine_{parts.rules,
              std::move(parts.probes),
              std::move(parts.links),
              Moment::now(),
              std::move(parts.dependencies),
              {[this](const auto& labels, auto now) { return levers_.holds(labels, now); },
               parts.boot_grace_until}},
      incidents_{std::move(parts.stack),
                 [this](const Alert& one, const Alert& other) { return engine_.related(one, other); }},
      dispatcher_{executor, std::move(parts.receivers), std::move(parts.routes), journal_},
      rules_{std::move(parts.rules)} {}

void Judgement::restore() {
  auto rows = store_.take_rows();
  // Nothing remembered may be a first start, or a folder that was lost: who can tell.
  memory_lost_ = !store_.state().trouble.empty() || rows.empty();
  restore_rows(std::move(rows), true);
}

void Judgement::take_over(Handover before) {
  memory_lost_ = before.memory_lost;
  reconciled_ = std::move(before.reconciled);
  dispatcher_.count_on(before.receivers);
  incidents_.count_on(before.incidents);
  restore_rows(std::move(before.rows), false);
}

Handover Judgement::hand_over() {
  persist(true);
  return {journal_.rows(), memory_lost_, reconciled_, dispatcher_.views(), incidents_.count()};
}

void Judgement::restore_rows(std::vector<StoredRow> rows, bool on_disk) {
  for (const auto& row : rows) on_disk ? journal_.remember(row) : journal_.put(row);
  std::vector<EngineMemory> memories;
  for (const auto& [table, key, body] : rows) {
    bool known = false;
    switch (table) {
      case Table::lever:
        known = levers_.restore(*body);
        break;
      case Table::alert: {
        auto memory = engine_memory(*body);
        known = memory && memory->key() == key;
        if (known) memories.push_back(std::move(*memory));
        break;
      }
      case Table::delivery:
        dispatcher_.restore(key, *body);
        known = true;
        break;
      case Table::incident:
        known = incidents_.restore(*body);
        break;
    }
    if (!known) journal_.put({table, key, std::nullopt});
  }
  restore_engine(std::move(memories));
  close_unknown_members();
  for (const auto& alert : engine_.alerts())
    if (alert.state == AlertState::firing) dispatcher_.tell_newcomers(alert);
  persist(false);
}

void Judgement::restore_engine(std::vector<EngineMemory> memories) {
  for (const auto& alert : dispatcher_.told_firing()) {
    const auto same = [&](const EngineMemory& each) {
      return each.alert.labels == alert.labels && each.alert.state == AlertState::firing;
    };
    if (std::ranges::none_of(memories, same)) memories.push_back(adopted(alert, rules_));
  }
  publish(engine_.restore(memories, Moment::now()));
}

/// Of incidents that were open: alerts that nobody watches any more.
void Judgement::close_unknown_members() {
  const auto active = engine_.alerts();
  for (const auto& incident : incidents_.open()) {
    for (const auto& member : incident.members) {
      const auto same = [&](const Alert& each) {
        return each.labels == member.alert.labels && each.state != AlertState::resolved;
      };
      if (member.alert.state == AlertState::resolved || std::ranges::any_of(active, same)) continue;
      auto over = member.alert;
      over.state = AlertState::resolved;
      over.ends_at = wall();
      incidents_.on(over, wall());
    }
  }
}

void Judgement::start(TaskScope& scope) {
  scope.spawn("journal", journal_.write_forever());
  dispatcher_.start(scope);
}

void Judgement::on(const Outcome& outcome) {
  publish(engine_.on(outcome));
  if (memory_lost_) reconcile(outcome);
}

void Judgement::tick() {
  const auto now = Moment::now();
  for (const auto& ended : levers_.on(now.wall)) {
    log_event(LogLevel::info, "lever_ended", {{"what", ended}});
    for (const auto& incident : incidents_.open())
      incidents_.note(incident.id, now.wall, ended + " has ended");
  }
  publish(engine_.on(now));
  dispatcher_.tick();
  if (now.steady - saved_at_ < save_every) return;
  saved_at_ = now.steady;
  persist(true);
}

void Judgement::publish(const std::vector<Alert>& changes) {
  for (auto alert : changes) {
    const auto key = fingerprint(alert.labels);
    const auto incident = incidents_.on(alert, wall());
    if (!incident.empty()) alert.incident = incident;
    engine_.set_incident(key, alert.incident);
    log_change(alert);
    const bool told = alert.state == AlertState::firing || alert.state == AlertState::resolved;
    if (told && alert.suppressed_by.empty()) dispatcher_.dispatch(alert);
  }
  persist(false);
}

void Judgement::acknowledge(const std::string& incident, const std::string& by, const std::string& comment) {
  const auto who = by + (comment.empty() ? "" : " (" + comment + ")");
  if (!incidents_.acknowledge(incident, who, wall())) return;
  log_event(LogLevel::info, "incident_acknowledged", {{"incident", incident}, {"by", who}});
  for (const auto& told : incidents_.told(incident)) dispatcher_.acknowledge(told, who);
  persist(false);
}

void Judgement::levers_changed() { publish(engine_.on(Moment::now())); }

/// Everything that one event changed is put in one go, so it is written in one transaction.
void Judgement::persist(bool all) {
  for (const auto& memory : engine_.take_changed(Moment::now(), all)) {
    auto body = memory.gone ? std::nullopt : std::optional{to_text(memory)};
    journal_.put({Table::alert, memory.key(), std::move(body)});
  }
  for (auto& [id, body] : levers_.take_changed()) journal_.put({Table::lever, id, std::move(body)});
  for (auto& [id, body] : incidents_.take_changed()) journal_.put({Table::incident, id, std::move(body)});
}

/// Once for each probe that has a verdict: what is well is told to those who may still hold it open.
void Judgement::reconcile(const Outcome& outcome) {
  if (outcome.result.status == Status::unknown || std::exchange(reconciled_[outcome.probe], true)) return;
  for (const auto& alert : engine_.unraised(outcome.probe)) dispatcher_.reconcile(alert);
}

asio::awaitable<std::size_t> Judgement::finish(Deadline deadline) {
  persist(true);
  const auto left = co_await dispatcher_.drain(deadline);
  persist(true);
  co_await journal_.flush(Deadline::in(std::chrono::seconds{1}));
  co_return left;
}

}  // namespace healthd
