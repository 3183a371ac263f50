#include "exporters/routes.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "exporters/incident_list.hpp"
#include "exporters/incident_page.hpp"
#include "exporters/incident_pages.hpp"
#include "exporters/metrics.hpp"
#include "exporters/metrics_form.hpp"
#include "exporters/off_loop.hpp"
#include "exporters/page.hpp"
#include "exporters/status_json.hpp"
#include "exporters/status_page.hpp"

namespace healthd {
namespace {

constexpr const char* plain_type = "text/plain; charset=utf-8";
constexpr const char* html_type = "text/html; charset=utf-8";
constexpr const char* css_type = "text/css; charset=utf-8";
constexpr const char* script_type = "text/javascript; charset=utf-8";
constexpr const char* icon_type = "image/svg+xml";
constexpr const char* json_type = "application/json";

WebResponse page(std::string content_type, std::string body) {
  return {.status = 200, .content_type = std::move(content_type), .body = std::move(body)};
}

/// One that keeps itself new.
WebResponse live_page(std::string body) {
  return {.status = 200, .content_type = html_type, .body = std::move(body), .live = true};
}

WebResponse line(unsigned status, std::string text) {
  return {.status = status, .content_type = plain_type, .body = std::move(text) + "\n"};
}

std::string all_incidents(const Snapshot& snapshot) { return incidents_json(snapshot.incidents()); }

/// Pages made from the snapshot.
struct Dynamic {
  std::string_view path;
  const char* content_type;
  std::string (*render)(const Snapshot&);
  bool live = false;
};
constexpr std::array dynamic_pages{Dynamic{"/", html_type, render_status_page, true},
                                   Dynamic{"/incidents/", html_type, render_incident_list, true},
                                   Dynamic{"/api/v1/status", json_type, status_json},
                                   Dynamic{"/api/v1/alerts", json_type, alerts_json},
                                   Dynamic{"/api/v1/incidents", json_type, all_incidents}};

/// Pages that the loop answers at once.
WebResponse style(const WebSources& /*sources*/) { return page(css_type, std::string{style_sheet()}); }
WebResponse script(const WebSources& /*sources*/) { return page(script_type, std::string{status_script()}); }
WebResponse healthy(const WebSources& /*sources*/) { return line(200, "The event loop is alive."); }
WebResponse runbook_index(const WebSources& sources) { return page(html_type, sources.runbooks.index()); }

WebResponse ready(const WebSources& sources) {
  const auto snapshot = sources.snapshot();
  if (!snapshot) return line(503, "Not ready: starting.");
  if (snapshot->ready) return line(200, "Ready.");
  const auto waiting =
      std::ranges::count_if(snapshot->probes, [](const ProbeView& probe) { return !probe.last; });
  return line(503, "Not ready: " + std::to_string(waiting) + " of " +
                       std::to_string(snapshot->probes.size()) + " probes have no result yet.");
}

struct Immediate {
  std::string_view path;
  WebResponse (*make)(const WebSources&);
};
template <Status status>
WebResponse icon_of(const WebSources& /*sources*/) {
  return page(icon_type, std::string{icon(status)});
}

constexpr std::array immediate_pages{Immediate{"/style.css", style},
                                     Immediate{"/status.js", script},
                                     Immediate{"/icon/up.svg", icon_of<Status::up>},
                                     Immediate{"/icon/degraded.svg", icon_of<Status::degraded>},
                                     Immediate{"/icon/down.svg", icon_of<Status::down>},
                                     Immediate{"/icon/unknown.svg", icon_of<Status::unknown>},
                                     Immediate{"/-/healthy", healthy},
                                     Immediate{"/-/ready", ready},
                                     Immediate{"/runbooks/", runbook_index}};
constexpr std::string_view runbook_prefix = "/runbooks/";

constexpr std::string_view incident_prefix = "/api/v1/incidents/";
constexpr std::string_view incident_page_prefix = "/incidents/";
constexpr const char* markdown_type = "text/markdown; charset=utf-8";

struct Answer {
  std::string_view handler;
  WebResponse response;
};

/// `ID` or `ID.md`.
Answer incident_answer(const WebSources& sources, std::string_view id) {
  constexpr std::string_view handler = "/api/v1/incidents/ID";
  const bool markdown = id.ends_with(".md");
  if (markdown) id.remove_suffix(3);
  const auto snapshot = sources.snapshot();
  if (!snapshot) return {handler, line(503, "Not ready: starting.")};
  const auto found = std::ranges::find(snapshot->incidents(), id, &Incident::id);
  if (found == snapshot->incidents().end())
    return {handler, line(404, "There is no such incident; /api/v1/incidents lists them.")};
  if (markdown) return {handler, page(markdown_type, incident_markdown(*found))};
  return {handler, page(json_type, incident_json(*found))};
}

Answer static_answer(const WebSources& sources, std::string_view path) {
  const auto* found = std::ranges::find(immediate_pages, path, &Immediate::path);
  if (found != immediate_pages.end()) return {found->path, found->make(sources)};
  if (path.starts_with(incident_prefix)) return incident_answer(sources, path.substr(incident_prefix.size()));
  return {"other", line(404, "There is no such page.")};
}

constexpr std::string_view metrics_path = "/metrics";

asio::awaitable<Answer> metrics_answer(const WebSources& sources, const WebRequest& request) {
  auto snapshot = sources.snapshot();
  if (!snapshot) co_return Answer{metrics_path, line(503, "Not ready: starting.")};
  const auto form = metrics_form(request.accept, request.accept_encoding);
  std::function<std::string()> work = [snapshot, form] { return in_form(render_metrics(*snapshot), form); };
  auto body = co_await off_loop(sources.workers, std::move(work));
  auto response = page(std::string{content_type_of(form)}, std::move(body));
  response.fields = {{"Vary", "Accept, Accept-Encoding"}};
  if (form.gzip) response.fields.emplace_back("Content-Encoding", "gzip");
  co_return Answer{metrics_path, std::move(response)};
}

/// `ID`, for people.
asio::awaitable<Answer> incident_page(const WebSources& sources, std::string_view id) {
  constexpr std::string_view handler = "/incidents/ID";
  auto snapshot = sources.snapshot();
  if (!snapshot) co_return Answer{handler, line(503, "Not ready: starting.")};
  const auto found = std::ranges::find(snapshot->incidents(), id, &Incident::id);
  if (found == snapshot->incidents().end())
    co_return Answer{handler, line(404, "There is no such incident; /incidents/ lists them.")};
  const Incident& incident = *found;  // lives as long as the snapshot, which the rendering holds
  std::function<std::string()> work = [&incident, snapshot] { return render_incident(incident, *snapshot); };
  auto body = co_await off_loop(sources.workers, std::move(work));
  co_return Answer{handler, live_page(std::move(body))};
}

asio::awaitable<Answer> runbook_page(const WebSources& sources, std::string_view slug) {
  constexpr std::string_view handler = "/runbooks/SLUG";
  const EmbeddedFile* file = sources.runbooks.find(slug);
  if (file == nullptr)
    co_return Answer{handler, line(404, "There is no such runbook; /runbooks/ lists them.")};
  std::function<std::string()> work = [file] { return render_runbook(*file); };
  auto body = co_await off_loop(sources.workers, std::move(work));
  co_return Answer{handler, page(html_type, std::move(body))};
}

bool is_runbook(std::string_view path) {
  return path.starts_with(runbook_prefix) && path.size() > runbook_prefix.size();
}

asio::awaitable<Answer> answer_to(const WebSources& sources, const WebRequest& request) {
  const std::string_view path = request.path;
  if (path == metrics_path) co_return co_await metrics_answer(sources, request);
  const auto* found = std::ranges::find(dynamic_pages, path, &Dynamic::path);
  if (is_runbook(path)) co_return co_await runbook_page(sources, path.substr(runbook_prefix.size()));
  if (found == dynamic_pages.end() && path.starts_with(incident_page_prefix))
    co_return co_await incident_page(sources, path.substr(incident_page_prefix.size()));
  if (found == dynamic_pages.end()) co_return static_answer(sources, path);
  auto snapshot = sources.snapshot();
  if (!snapshot) co_return Answer{found->path, line(503, "Not ready: starting.")};
  std::function<std::string()> work = [render = found->render, snapshot] { return render(*snapshot); };
  auto body = co_await off_loop(sources.workers, std::move(work));
  if (found->live) co_return Answer{found->path, live_page(std::move(body))};
  co_return Answer{found->path, page(found->content_type, std::move(body))};
}

}  // namespace

WebHandler make_routes(WebSources sources) {
  const auto shared = std::make_shared<const WebSources>(std::move(sources));
  return [shared](const WebRequest& request) -> asio::awaitable<WebResponse> {
    const auto kept = shared;  // the coroutine's own: the closure may be gone by the time it goes on
    Answer answer = co_await answer_to(*kept, request);
    if (kept->count) kept->count(answer.handler, answer.response.status);
    co_return std::move(answer.response);
  };
}

}  // namespace healthd
