// What pages show: one moment of everything, made when somebody asks.
#include "daemon/app.hpp"
#include "daemon/lever_views.hpp"
#include "version.hpp"

namespace healthd {
namespace {

using namespace std::chrono_literals;

/// Pages within this time see the same moment.
constexpr auto snapshot_life = 100ms;

}  // namespace

std::shared_ptr<const Snapshot> App::snapshot() {
  const auto moment = Moment::now();
  if (last_snapshot_ && moment.steady - started_ - last_snapshot_->uptime < snapshot_life)
    return last_snapshot_;
  auto made = std::make_shared<Snapshot>();
  made->stack = loaded_.parts.config.stack;
  made->version = version;
  made->revision = revision;
  made->compiler = compiler;
  made->taken_at = moment.wall;
  made->started_at = started_wall_;
  made->uptime = moment.steady - started_;
  made->ready = history_.complete();
  made->probes = history_.probes();
  for (auto& probe : made->probes) probe.suppressed = judgement_->engine().suppressed(probe.name);
  made->components = components_of(made->probes);
  made->state = made->components.empty() ? Status::unknown : Status::up;
  for (const auto& component : made->components) made->state = worse(made->state, component.state);
  made->alerts = judgement_->engine().alerts();
  made->receivers = judgement_->dispatcher().views();
  made->recent_incidents = judgement_->incidents().recent();
  made->incident_count = judgement_->incidents().count();
  made->silences = silence_views(judgement_->levers());
  made->maintenances = maintenance_views(judgement_->levers(), moment.wall);
  const auto kept = store_.state();
  made->store_wanted = !settings_.storage_path.empty();
  made->store_ok = kept.mode == StoreState::Mode::disk;
  made->store_trouble = kept.trouble;
  made->last_persist_at = kept.last_commit_at;
  made->heartbeat = vigil_->heartbeat();
  made->unverified = loaded_.parts.unverified;
  made->blind = vigil_->blind();
  made->loop_lag = loop_lag_;
  made->log_messages = log_counts();
  made->http_requests = http_requests_;
  made->dropped_series = dropped_series_;
  made->config_last_reload_successful = as_configured_;
  made->config_last_reload_success_at = configured_at_;
  last_snapshot_ = std::move(made);
  return last_snapshot_;
}

}  // namespace healthd
