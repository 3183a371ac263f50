#include "daemon/lever_commands.hpp"

#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/alerts.hpp"
#include "config/duration.hpp"

namespace healthd {
namespace {

using Json = nlohmann::json;

constexpr timeval patience{10, 0};

/// A connection to the daemon. Blocks: a command has nothing else to do.
class Line {
 public:
  explicit Line(const std::string& path) : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
      throw std::runtime_error{"the socket's path is too long: " + path};
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(socket_, where, sizeof address) != 0) throw std::runtime_error{why(path, errno)};
  }
  ~Line() { ::close(socket_); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  std::string ask(const std::string& request) {
    const auto line = request + "\n";
    if (::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
      throw std::runtime_error{"the daemon does not listen to us"};
    std::string answer;
    char bytes[4096];
    while (answer.find('\n') == answer.npos) {
      const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
      if (got <= 0) throw std::runtime_error{"the daemon does not answer"};
      answer.append(bytes, static_cast<std::size_t>(got));
    }
    return answer;
  }

 private:
  static std::string why(const std::string& path, int error) {
    const auto where = " (" + path + "; --control.socket names another)";
    if (error == ENOENT || error == ECONNREFUSED)
      return "the daemon does not run here, or has no control socket" + where;
    if (error == EACCES)
      return "no permission for the control socket: become root, or a member of its group" + where;
    return std::string{std::strerror(error)} + where;
  }
  int socket_;
};

/// Who asks: with sudo, the person behind it.
std::string own_name() {
  if (const char* person = std::getenv("SUDO_USER"); person != nullptr && *person != '\0') return person;
  const auto* entry = ::getpwuid(::getuid());
  return entry != nullptr ? entry->pw_name : "uid " + std::to_string(::getuid());
}

/// Asks, and shows what came of it.
int command(const LeverRequest& request, Json message, const std::function<void(const Json&)>& show) {
  try {
    message["author"] = request.author.empty() ? own_name() : request.author;
    const auto answer = Json::parse(Line{request.socket}.ask(message.dump()));
    if (!answer.value("ok", false)) throw std::runtime_error{answer.value("error", "the daemon refused")};
    if (request.json) std::cout << answer.dump(2) << '\n';
    if (!request.json) show(answer);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "superset-healthd: " << error.what() << '\n';
    return 1;
  }
}

int refuse(const std::string& why) {
  std::cerr << "superset-healthd: " << why << '\n';
  return 1;
}

std::optional<std::int64_t> seconds(const std::string& span) {
  const auto parsed = parse_duration(span);
  if (!parsed) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*parsed).count();
}

/// "" where the catalogue has it, or where it is an expression.
std::string unknown_alert(const std::string& name) {
  Problems problems;
  std::vector<std::string> names;
  for (const auto& rule : load_alert_rules(built_in_alerts(), "alerts.yaml", problems))
    names.push_back(rule.name);
  if (name.starts_with('~') || std::ranges::find(names, name) != names.end()) return "";
  return "no alert is named " + in_quotes(name) + did_you_mean(name, names);
}

void show_id(const Json& answer) { std::cout << answer.value("id", "") << '\n'; }

std::string in_words(const Json& matchers) {
  std::string text;
  for (const auto& [label, value] : matchers.items())
    text += (text.empty() ? "" : " ") + label + "=" + value.get<std::string>();
  return text;
}

void show_silences(const Json& answer) {
  for (const auto& each : answer.at("silences"))
    std::cout << each.value("id", "") << "  until " << each.value("ends_at", "") << "  by "
              << each.value("author", "") << "  " << in_words(each.at("matchers")) << "  "
              << each.value("comment", "") << '\n';
  if (answer.at("silences").empty()) std::cout << "no silences\n";
}

void show_maintenance(const Json& answer) {
  for (const auto& each : answer.at("maintenance"))
    std::cout << each.value("id", "")
              << (each.contains("ends_at")
                      ? "  until " + each.value("ends_at", "") + "  by " + each.value("author", "")
                      : std::string{"  by schedule"})
              << "  " << each.value("reason", "") << '\n';
  if (answer.at("maintenance").empty()) std::cout << "no maintenance\n";
}

}  // namespace

int silence_add(const LeverRequest& request) {
  const auto span = seconds(request.span);
  if (!span) return refuse("--for: expected a duration such as 2h, got " + request.span);
  Json matchers = Json::object();
  for (const auto& each : request.matchers) {
    const auto sign = each.find('=');
    if (sign == each.npos || sign == 0)
      return refuse("expected label=value or label=~expression, got " + each);
    const auto label = each.substr(0, sign), value = each.substr(sign + 1);
    const auto wrong = label == "alertname" ? unknown_alert(value) : "";
    if (!wrong.empty()) return refuse(wrong);
    matchers[label] = value;
  }
  return command(
      request,
      {{"verb", "silence_add"}, {"seconds", *span}, {"matchers", matchers}, {"comment", request.comment}},
      show_id);
}

int silence_list(const LeverRequest& request) {
  return command(request, {{"verb", "silence_list"}}, show_silences);
}

int silence_expire(const LeverRequest& request) {
  return command(request, {{"verb", "silence_expire"}, {"id", request.id}}, show_id);
}

int acknowledge(const LeverRequest& request) {
  return command(request, {{"verb", "ack"}, {"incident", request.id}, {"comment", request.comment}},
                 [](const Json& answer) {
                   std::cout << answer.value("id", "") << "  " << answer.value("title", "") << '\n';
                 });
}

int maintenance_start(const LeverRequest& request) {
  const auto span = seconds(request.span);
  if (!span) return refuse("--for: expected a duration such as 10m, got " + request.span);
  return command(request,
                 {{"verb", "maintenance_start"},
                  {"seconds", *span},
                  {"reason", request.comment},
                  {"components", request.components}},
                 show_id);
}

int maintenance_end(const LeverRequest& request) {
  return command(request, {{"verb", "maintenance_end"}, {"id", request.id}}, show_id);
}

int maintenance_list(const LeverRequest& request) {
  return command(request, {{"verb", "maintenance_list"}}, show_maintenance);
}

int show_status(const LeverRequest& request) {
  return command(request, {{"verb", "status"}},
                 [](const Json& answer) { std::cout << answer.value("text", ""); });
}

int ask_for_reload(const LeverRequest& request) {
  return command(request, {{"verb", "reload"}},
                 [](const Json& answer) { std::cout << answer.value("text", "") << '\n'; });
}

}  // namespace healthd
