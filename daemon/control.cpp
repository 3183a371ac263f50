#include "daemon/control.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "config/clock.hpp"
#include "config/load.hpp"

namespace healthd {
namespace {

using Json = nlohmann::json;

struct Call {
  LeverHost& host;
  const Json& request;
  std::string author;
  Levers::Time now;

  std::string text(const char* key) const {
    const auto found = request.find(key);
    return found != request.end() && found->is_string() ? found->get<std::string>() : "";
  }
  std::chrono::seconds span() const {
    const auto found = request.find("seconds");
    return std::chrono::seconds{
        found != request.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0};
  }
};

Json refusal(const std::string& why) { return {{"ok", false}, {"error", why}}; }

Json answered(const Call& call, const Levers::Answer& answer) {
  if (!answer.ok()) return refusal(answer.error);
  call.host.changed();
  return {{"ok", true}, {"id", answer.id}};
}

Json silence_add(const Call& call) {
  LabelMap matchers;
  const auto given = call.request.find("matchers");
  if (given != call.request.end() && given->is_object())
    for (const auto& [label, value] : given->items()) {
      if (!value.is_string()) return refusal("a matcher is a text");
      matchers[label] = value.get<std::string>();
    }
  return answered(call, call.host.levers.add_silence(std::move(matchers), call.span(), call.author,
                                                     call.text("comment"), call.now));
}

Json silence_list(const Call& call) {
  Json list = Json::array();
  for (const auto& silence : call.host.levers.silences())
    list.push_back({{"id", silence.id},
                    {"matchers", silence.matchers},
                    {"starts_at", rfc3339(silence.starts_at)},
                    {"ends_at", rfc3339(silence.ends_at)},
                    {"author", silence.author},
                    {"comment", silence.comment}});
  return {{"ok", true}, {"silences", list}};
}

Json silence_expire(const Call& call) {
  return answered(call, call.host.levers.expire_silence(call.text("id")));
}

Json maintenance_start(const Call& call) {
  std::vector<std::string> named;
  const auto given = call.request.find("components");
  if (given != call.request.end() && given->is_array())
    for (const auto& each : *given) {
      auto name = each.is_string() ? each.get<std::string>() : each.dump();
      // A name with a slip in it would hold nothing back, and nobody would notice before the page.
      if (std::ranges::find(components(), name) == components().end())
        return refusal("no component is named " + name);
      if (std::ranges::find(named, name) == named.end()) named.push_back(std::move(name));
    }
  return answered(call, call.host.levers.start_maintenance(call.span(), call.text("reason"), call.author,
                                                           std::move(named), call.now));
}

Json maintenance_end(const Call& call) {
  return answered(call, call.host.levers.end_maintenance(call.text("id")));
}

Json maintenance_list(const Call& call) {
  Json list = Json::array();
  for (const auto& each : call.host.levers.maintenances())
    list.push_back({{"id", each.id},
                    {"ends_at", rfc3339(each.ends_at)},
                    {"author", each.author},
                    {"reason", each.reason},
                    {"components", each.components}});
  for (const auto& name : call.host.levers.open_windows(call.now))
    list.push_back({{"id", name}, {"scheduled", true}});
  return {{"ok", true}, {"maintenance", list}};
}

/// Of an incident by its id, or by the name of an alert in it; without either, of the only one that is open.
Json ack(const Call& call) {
  const auto wanted = call.text("incident");
  const auto fits = [&](const Incident& incident) {
    if (wanted.empty() || incident.id == wanted) return true;
    return std::ranges::any_of(incident.members, [&](const Incident::Member& member) {
      return member.alert.labels.at("alertname") == wanted;
    });
  };
  auto open = call.host.open_incidents();
  std::string listed;
  for (const auto& incident : open) listed += "\n  " + incident.id + "  " + incident.title;
  std::erase_if(open, [&](const Incident& incident) { return !fits(incident); });
  if (open.empty())
    return refusal(listed.empty() ? "no incident is open"
                                  : "no open incident is " + wanted + "; open are:" + listed);
  if (open.size() > 1) return refusal("several incidents are open; say which:" + listed);
  call.host.acknowledge(open[0].id, call.author, call.text("comment"));
  return {{"ok", true}, {"id", open[0].id}, {"title", open[0].title}};
}

Json status(const Call& call) { return {{"ok", true}, {"text", call.host.status()}}; }

struct Verb {
  std::string_view name;
  Json (*run)(const Call&);
};
constexpr std::array verbs{
    Verb{"silence_add", silence_add},
    Verb{"silence_list", silence_list},
    Verb{"silence_expire", silence_expire},
    Verb{"maintenance_start", maintenance_start},
    Verb{"maintenance_end", maintenance_end},
    Verb{"maintenance_list", maintenance_list},
    Verb{"ack", ack},
    Verb{"status", status},
};

Json answer(LeverHost& host, const Json& request, const std::string& peer, Levers::Time now) {
  if (!request.is_object()) return refusal("a request is a JSON object");
  Call call{host, request, peer, now};
  if (const auto author = call.text("author"); !author.empty()) call.author = author;
  const auto wanted = call.text("verb");
  const auto* verb = std::ranges::find(verbs, std::string_view{wanted}, &Verb::name);
  return verb == verbs.end() ? refusal("there is no verb " + wanted) : verb->run(call);
}

}  // namespace

bool asks_for_reload(const std::string& request) {
  const auto parsed = Json::parse(request, nullptr, false);
  return parsed.is_object() && parsed.contains("verb") && parsed["verb"] == "reload";
}

std::string answer_reload(bool done, const std::string& text) {
  const auto json = done ? Json{{"ok", true}, {"text", text}} : refusal(text);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string answer_control(LeverHost& host, const std::string& request, const std::string& peer,
                           Levers::Time now) {
  const auto parsed = Json::parse(request, nullptr, false);
  const auto json = parsed.is_discarded() ? refusal("this is no JSON") : answer(host, parsed, peer, now);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace healthd
