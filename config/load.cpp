#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "config/load_parts.hpp"

namespace healthd {
namespace {

constexpr std::size_t longest_name = 64;

/// Keys that are promised but not there yet: to call them unknown would send people looking for a
/// misspelling.
constexpr std::array later_keys{"include"};

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_lower(char letter) { return letter >= 'a' && letter <= 'z'; }
bool is_upper(char letter) { return letter >= 'A' && letter <= 'Z'; }
bool is_probe_letter(char letter) { return is_lower(letter) || is_digit(letter) || letter == '_'; }
bool is_plain_letter(char letter) { return is_probe_letter(letter) || is_upper(letter) || letter == '-'; }

bool is_port(std::string_view text, int least) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
  const int port = std::stoi(std::string{text});
  return port >= least && port <= 65535;
}

/// Splits `host:port` or `[v6]:port`; the host may be empty and the port is "" where there is none.
struct HostPort {
  std::string_view host, port;
  bool well_formed = true;
};

HostPort split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return {text, "", false};
    const auto rest = text.substr(end + 1);
    return {text.substr(1, end - 1), rest.substr(std::min<std::size_t>(1, rest.size())),
            rest.empty() || rest.front() == ':'};
  }
  const auto colon = text.find(':');
  if (colon == text.npos) return {text, "", true};
  return {text.substr(0, colon), text.substr(colon + 1), text.find(':', colon + 1) == text.npos};
}

bool is_host_letter(char letter) { return is_plain_letter(letter) || letter == '.' || letter == ':'; }

std::string read_listen_address(Options& web, const std::string& fallback) {
  auto text = web.text("listen_address", fallback);
  const auto [host, port, well_formed] = split(text);
  if (well_formed && is_port(port, 0) && std::ranges::all_of(host, is_host_letter)) return text;
  web.error("listen_address",
            "listen_address: expected host:port such as 127.0.0.1:9848, got " + in_quotes(text));
  return fallback;
}

/// Names or addresses without a port; a v6 address may have its brackets.
std::vector<std::string> read_allowed_hosts(Options& web) {
  auto hosts = web.texts("allowed_hosts");
  std::erase_if(hosts, [&web](std::string& host) {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const bool v6 = std::ranges::count(host, ':') > 1;
    const bool fine = !host.empty() && std::ranges::all_of(host, is_host_letter) &&
                      (v6 || host.find(':') == std::string::npos);
    if (!fine)
      web.error("allowed_hosts",
                "allowed_hosts: expected names or addresses without a port, got " + in_quotes(host));
    return !fine;
  });
  return hosts;
}

WebConfig load_web(Options& root) {
  auto web = root.map("web");
  WebConfig config;
  config.listen_address = read_listen_address(web, config.listen_address);
  config.external_url = read_base_url(web, "external_url");
  config.allowed_hosts = read_allowed_hosts(web);
  config.allow_insecure_bind = web.flag("allow_insecure_bind", false);
  return config;
}

void report_later_keys(Options& root) {
  for (const auto* key : later_keys) {
    if (root.has(key)) root.error(key, std::string{key} + ": is not supported by this version");
  }
}

Config load(Options root, const KnownNames& known, Problems& problems) {
  Config config;
  if (root.place().line == 0) return config;  // no YAML: said already
  config.root = root;
  root.allow_inline_secrets(root.flag("allow_inline_secrets", false));
  config.stack = read_name(root, "stack", plain_name);
  config.web = load_web(root);
  load_probes(root, known, config, problems);
  config.alerts = load_alerts_section(root, known);
  load_receivers(root, known, config, problems);
  load_maintenance(root, config, problems);
  load_watch(root, config, problems);
  report_later_keys(root);
  return config;
}

SecretPolicy policy_of_environment() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  return {false, directory ? directory : ""};
}

}  // namespace

const NameShape probe_name{"lower-case letters, digits and _", is_probe_letter};
const NameShape plain_name{"letters, digits, _ and -", is_plain_letter};

const std::vector<std::string>& components() {
  static const std::vector<std::string> names{"nginx", "gunicorn", "superset", "postgres",
                                              "redis", "celery",   "beat",     "healthd"};
  return names;
}

std::string read_name(Options& options, std::string_view key, const NameShape& shape) {
  auto name = options.require_text(key);
  if (name.empty()) return "";
  if (name.size() <= longest_name && std::ranges::all_of(name, shape.letter)) return name;
  options.error(key, std::string{key} + ": expected " + std::string{shape.allowed} + " (at most 64), got " +
                         in_quotes(name));
  return "";
}

bool is_base_url(std::string_view text) {
  const std::string_view scheme_end = "://";
  const auto at = text.find(scheme_end);
  if (at == text.npos || (text.substr(0, at) != "http" && text.substr(0, at) != "https")) return false;
  const auto rest = text.substr(at + scheme_end.size());
  const auto bad = [](unsigned char letter) { return std::isspace(letter) || std::iscntrl(letter); };
  if (rest.find_first_of("?#@\"<>\\") != rest.npos || std::ranges::any_of(rest, bad)) return false;
  const auto authority = rest.substr(0, rest.find('/'));
  const auto [host, port, well_formed] = split(authority);
  const bool has_port = authority.ends_with(':') || !port.empty();
  return well_formed && !host.empty() && std::ranges::all_of(host, is_host_letter) &&
         (!has_port || is_port(port, 1));
}

std::string read_base_url(Options& options, std::string_view key) {
  if (!options.has(key)) return "";
  auto text = options.require_text(key);
  if (text.empty()) return "";
  if (!is_base_url(text)) {
    options.error(key, std::string{key} + ": expected a URL such as https://ops.example.com/healthd, " +
                           "without user, query or fragment");
    return "";
  }
  while (text.ends_with('/')) text.pop_back();
  return text;
}

void UniqueNames::add(Options& options, const std::string& name) {
  if (name.empty() || names_.insert(name).second) return;
  options.error("name", "name: " + in_quotes(name) + " is taken already");
}

Config load_config(const std::string& path, const KnownNames& known, Problems& problems) {
  return load(Options::from_file(path, problems, policy_of_environment()), known, problems);
}

Config load_config_text(std::string_view text, const std::string& name, const KnownNames& known,
                        Problems& problems) {
  return load(Options::from_text(text, name, problems, policy_of_environment()), known, problems);
}

}  // namespace healthd
