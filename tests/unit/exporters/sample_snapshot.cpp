#include "sample_snapshot.hpp"

namespace healthd::test {
namespace {

using namespace std::chrono_literals;

Outcome outcome_of(const std::string& probe, std::string detail) {
  Outcome outcome;
  outcome.probe = probe;
  outcome.result.status = Status::up;
  outcome.result.detail = std::move(detail);
  outcome.result.phases[Phase::connect] = 0.00031;
  outcome.result.phases[Phase::request] = 0.00004;
  outcome.result.phases[Phase::first_byte] = 0.0026;
  outcome.at = noon() - 6s;
  outcome.took = 3200us;
  return outcome;
}

ProbeView probe_of(std::string name, std::string kind, std::string component, std::string target,
                   std::string detail) {
  ProbeView view;
  view.last = outcome_of(name, std::move(detail));
  view.name = std::move(name);
  view.kind = std::move(kind);
  view.component = std::move(component);
  view.target = std::move(target);
  view.interval_seconds = 15;
  view.timeout_seconds = 5;
  view.state = Status::up;
  view.since = noon() - 3h;
  view.last_success_at = noon() - 6s;
  view.runs = 720;
  view.duration = Histogram{duration_buckets()};
  view.start_lateness = Histogram{lag_buckets()};
  for (int i = 0; i < 720; ++i) view.duration.observe(0.003);
  for (int i = 0; i < 720; ++i) view.start_lateness.observe(0.0004);
  return view;
}

CheckResult passed(std::string name) { return {std::move(name), Status::up, Reason::none, ""}; }

void add_probes(Snapshot& stack) {
  stack.probes = {
      probe_of("edge", "nginx", "nginx", "bi.example.com:443", "200 in 3.2 ms; certificate for 61 days"),
      probe_of("app", "gunicorn", "gunicorn", "127.0.0.1:8088", "200 in 3 ms"),
      probe_of("metadata", "postgres", "postgres", "127.0.0.1:5432", "12 of 100 connections used"),
      probe_of("cache", "redis", "redis", "127.0.0.1:6379", "PONG; 48 MiB of 256 MiB used"),
      probe_of("broker", "redis", "redis", "127.0.0.1:6379", "PONG; 48 MiB of 256 MiB used"),
      probe_of("workers", "celery", "celery", "127.0.0.1:6379", "2 of 2 workers answered; 0 messages wait"),
      probe_of("beat", "beat", "beat", "127.0.0.1:6379", "reports.scheduler ticked 21 s ago")};
  ProbeResult& edge = stack.probes[0].last->result;
  edge.phases[Phase::tls] = 0.0009;
  edge.checks = {passed("https"), passed("redirect"), passed("stub_status")};
  edge.samples = {
      {"healthd_http_response_status_code", 200, {}},
      {"healthd_tls_verify_ok", 1, {}},
      {"healthd_tls_leaf_not_after_timestamp_seconds", 1800705600, {}},
      {"healthd_tls_session_info", 1, {{"version", "TLSv1.3"}, {"cipher", "TLS_AES_256_GCM_SHA384"}}},
      {"healthd_nginx_connections", 3, {{"state", "waiting"}}},
      {"healthd_nginx_http_requests_total", 91324, {}}};
  stack.probes[0].http_classes = {{"2xx", 719}, {"5xx", 1}};
  ProbeResult& workers = stack.probes[5].last->result;
  workers.checks = {passed("replies")};
  workers.samples = {{"healthd_celery_queue_length", 0, {{"queue", "celery"}}},
                     {"healthd_celery_workers_online", 2, {}}};
}

}  // namespace

std::chrono::system_clock::time_point noon() {
  using namespace std::chrono;
  return sys_days{year{2026} / November / 23} + 12h + 7min + 4s + 250ms;
}

std::shared_ptr<const PastResults> past(const std::vector<Status>& statuses, std::int32_t waiting) {
  PastResults results;
  const auto now = std::chrono::floor<std::chrono::seconds>(noon().time_since_epoch()).count();
  auto at = now - 15 * static_cast<long>(statuses.size());
  for (const Status status : statuses)
    results.push_back({static_cast<std::uint32_t>(at += 15), waiting, status});
  return std::make_shared<const PastResults>(std::move(results));
}

Snapshot healthy_stack() {
  Snapshot stack;
  stack.stack = "production";
  stack.version = "0.1.0";
  stack.revision = "abc1234";
  stack.compiler = "clang 19";
  stack.taken_at = noon();
  stack.started_at = noon() - 3h;
  stack.uptime = 3h + 12min;
  stack.ready = true;
  stack.state = Status::up;
  for (const char* name : {"nginx", "gunicorn", "postgres", "redis", "celery", "beat"}) {
    stack.components.push_back({name, Status::up, noon() - 3h});
  }
  add_probes(stack);
  stack.receivers.push_back({.name = "oncall",
                             .sent = 2,
                             .attempts = 3,
                             .failures = {{"timeout", 1}},
                             .last_success_at = noon() - 1h});
  stack.loop_lag = Histogram{lag_buckets()};
  stack.loop_lag.observe(0.0002);
  stack.http_requests[{"/metrics", "200"}] = 17;
  return stack;
}

Snapshot stack_without_postgres() {
  Snapshot stack = healthy_stack();
  stack.state = Status::down;
  stack.components[2].state = Status::down;
  stack.components[2].since = noon() - 4min;

  ProbeView& probe = stack.probes[2];
  probe.state = Status::down;
  probe.since = noon() - 4min;
  probe.consecutive_failures = 17;
  probe.failures[static_cast<std::size_t>(Reason::connect_refused)] = 17;
  ProbeResult& result = probe.last->result;
  result.status = Status::down;
  result.reason = Reason::connect_refused;
  result.detail = "connect to 127.0.0.1:5432: connection refused";
  result.checks = {{"connect", Status::down, Reason::connect_refused, result.detail}};
  result.evidence = {{"last seen version", "15.8"}, {"last seen role", "primary"}};

  Alert alert;
  alert.labels = {{"alertname", "PostgresDown"},
                  {"stack", "production"},
                  {"component", "postgres"},
                  {"probe", "metadata"},
                  {"severity", "critical"}};
  alert.annotations = {{"summary", "The metadata database does not answer; nobody can log in."},
                       {"description", "metadata at 127.0.0.1:5432: connection refused."},
                       {"runbook_url", "https://ops.example.com/healthd/runbooks/postgres-down"}};
  alert.state = AlertState::firing;
  alert.starts_at = noon() - 4min;
  stack.alerts.push_back(alert);
  return stack;
}

Snapshot stack_with_incident() {
  Snapshot stack = stack_without_postgres();
  Incident incident;
  incident.id = "20261123-120304-4f1c";
  incident.stack = "production";
  incident.title = "PostgresDown: The metadata database does not answer; nobody can log in.";
  incident.started_at = noon() - 4min;
  incident.acknowledged_by = "ann (on it)";
  stack.alerts[0].incident = incident.id;
  stack.alerts[0].annotations["evidence"] = "connect: refused\nlast seen role: primary";

  Alert effect = stack.alerts[0];
  effect.labels["alertname"] = "GunicornDown";
  effect.labels["component"] = "gunicorn";
  effect.labels["probe"] = "app";
  effect.annotations = {{"summary", "The application does not answer."}, {"description", "app: timeout."}};
  effect.state = AlertState::suppressed;
  effect.starts_at = noon() - 3min;
  effect.suppressed_by = "PostgresDown of metadata";
  effect.cause = fingerprint(stack.alerts[0].labels);
  stack.alerts.push_back(effect);

  incident.members = {{Incident::Role::cause, stack.alerts[0]}, {Incident::Role::effect, effect}};
  incident.timeline = {{noon() - 4min, "PostgresDown of metadata fires"},
                       {noon() - 3min, "GunicornDown of app is held back"},
                       {noon() - 2min, "Acknowledged by ann (on it)"}};
  stack.recent_incidents = std::make_shared<const std::vector<Incident>>(1, incident);
  stack.incident_count = 1;
  return stack;
}

Snapshot fresh_start() {
  Snapshot stack = healthy_stack();
  stack.ready = false;
  stack.state = Status::unknown;
  stack.uptime = 2s;
  for (ComponentView& component : stack.components)
    component = {component.name, Status::unknown, std::nullopt};
  for (ProbeView& probe : stack.probes) {
    ProbeView fresh;
    fresh.name = probe.name;
    fresh.kind = probe.kind;
    fresh.component = probe.component;
    fresh.target = probe.target;
    probe = fresh;
  }
  return stack;
}

Snapshot hostile_stack(const std::string& text) {
  Snapshot stack = stack_without_postgres();
  stack.stack = text;
  stack.version = text;
  for (ProbeView& probe : stack.probes) {
    probe.target = text;
    probe.name += text;
    ProbeResult& result = probe.last->result;
    result.status = Status::degraded;
    result.detail = text;
    result.evidence = {{text, text}};
    result.checks.push_back({text, Status::down, Reason::protocol, text});
    result.samples.push_back({"healthd_tls_certificate_info", 1, {{"subject_cn", text}}});
    result.samples.push_back({text, 1, {{text, text}}});
  }
  stack.components.push_back({text, Status::down, noon()});
  stack.alerts[0].labels["worker"] = text;
  stack.alerts[0].labels["severity"] = text;
  for (const char* name : {"summary", "description", "runbook_url", "evidence"}) {
    stack.alerts[0].annotations[name] = text;
  }
  stack.alerts[0].suppressed_by = text;
  stack.store_wanted = true;
  stack.store_trouble = text;
  stack.silences = stack.maintenances = {{text, text, noon() - 1h, noon() + 1h, text, text}};
  stack.receivers[0].name = text;
  stack.receivers[0].failures = {{text, 1}};
  stack.heartbeat.wanted = true;
  stack.heartbeat.trouble = text;
  for (ProbeView& probe : stack.probes) {
    probe.past_results = past({Status::up, Status::down}, 3);
    probe.last->result.samples.push_back({"healthd_celery_queue_length", 3, {{"queue", text}}});
  }
  Incident incident;
  incident.id = "20261123-120304-4f1c";
  incident.stack = incident.title = incident.acknowledged_by = text;
  incident.started_at = noon() - 4min;
  incident.members = {{Incident::Role::cause, stack.alerts[0]}, {Incident::Role::effect, stack.alerts[0]}};
  incident.timeline = {{noon(), text}};
  Incident over = incident;
  over.id = "20261122-120304-4f1c";
  over.ended_at = noon();
  stack.recent_incidents = std::make_shared<const std::vector<Incident>>(std::vector{incident, over});
  return stack;
}

}  // namespace healthd::test
