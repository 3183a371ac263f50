// Arguments to verbs; everything else is elsewhere.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "daemon/commands.hpp"
#include "daemon/lever_cli.hpp"
#include "version.hpp"

namespace healthd {
namespace {

const std::map<std::string, LogLevel> log_levels{{"debug", LogLevel::debug},
                                                 {"info", LogLevel::info},
                                                 {"warning", LogLevel::warning},
                                                 {"error", LogLevel::error}};
const std::map<std::string, LogFormat> log_formats{{"text", LogFormat::text}, {"json", LogFormat::json}};
const std::map<std::string, ProbeOutput> probe_outputs{
    {"text", ProbeOutput::text}, {"json", ProbeOutput::json}, {"nagios", ProbeOutput::nagios}};
const std::map<std::string, GrantsSection> grants_sections{{"postgres", GrantsSection::postgres},
                                                           {"redis", GrantsSection::redis}};

const std::map<std::string, bool> rule_readers{{"alertmanager", true}, {"prometheus", false}};

/// Nagios reads 3 as "unknown": a probe that did not run says so.
constexpr int nagios_unknown = 3;

std::string version_line() {
  return std::string{"superset-healthd "} + version + " (revision " + revision + ", built with " + compiler +
         ")";
}

void add_config_option(CLI::App& app, Settings& settings) {
  app.add_option("--config.file", settings.config_file, "The configuration, YAML")->capture_default_str();
}

void add_web_config_option(CLI::App& app, Settings& settings) {
  app.add_option("--web.config.file", settings.web_config_file,
                 "TLS, users and header fields of the pages, as for other Prometheus exporters");
}

void add_control_option(CLI::App& app, Settings& settings) {
  app.add_option("--control.socket", settings.control_socket, "The socket of the running daemon")
      ->capture_default_str();
}

/// An option that takes one of a few words, shown as such in the help.
template <typename T>
void add_choice(CLI::App& app, const char* name, T& value, const std::map<std::string, T>& words,
                const char* help) {
  std::string listed;
  for (const auto& [word, meaning] : words) listed += (listed.empty() ? "" : "|") + word;
  const auto take = [name, &value, &words, listed](const std::string& word) {
    const auto found = words.find(word);
    if (found == words.end()) throw CLI::ValidationError{name, "expected " + listed + ", got " + word};
    value = found->second;
  };
  app.add_option_function<std::string>(name, take, help)->type_name(listed);
}

void add_run_options(CLI::App& app, Settings& settings) {
  add_config_option(app, settings);
  app.add_flag("--config.strict", settings.config_strict,
               "Do not start on the configuration that was last in use where the file is wrong");
  app.add_option(
      "--web.listen-address", settings.listen_address,
      "Where to serve pages and metrics, host:port (default: the configuration's, else 127.0.0.1:9848)");
  add_web_config_option(app, settings);
  app.add_option("--web.external-url", settings.external_url, "The address by which people reach the pages");
  app.add_option("--storage.path", settings.storage_path,
                 "The folder that keeps alerts, deliveries, incidents and silences across restarts")
      ->capture_default_str();
  add_control_option(app, settings);
  add_choice(app, "--log.level", settings.log_level, log_levels, "The least level to log (default: info)");
  add_choice(app, "--log.format", settings.log_format, log_formats, "How to log (default: text)");
}

/// An error of ours is no verdict on the stack, and 1 would read as "degraded".
int probes_once(const Settings& settings, const ProbeRequest& request) {
  try {
    return run_probes_once(settings, request);
  } catch (const std::exception& error) {
    std::cerr << "superset-healthd: " << error.what() << '\n';
    return nagios_unknown;
  }
}

CLI::App* add_grants(CLI::App& app, Settings& settings, GrantsRequest& request) {
  auto* grants = app.add_subcommand("grants",
                                    "Prints the least rights that the configured probes need: SQL for a "
                                    "role, an ACL for Redis. Exit: 0; with "
                                    "--check 1 where an account has less or more, or could not be looked at");
  add_config_option(*grants, settings);
  add_choice(*grants, "SECTION", request.section, grants_sections, "One of both (default: both)");
  grants->add_flag(
      "--check", request.check,
      "Log in as configured, run the probes once, and name what is missing and what is too much");
  grants->add_option("--probe", request.probes, "Only the accounts that these probes use");
  return grants;
}

CLI::App* add_rules(CLI::App& app, Settings& settings, RulesRequest& request) {
  auto* verb =
      app.add_subcommand("rules",
                         "Prints the alert catalogue as a rule file for Prometheus, or what explains what "
                         "as inhibit rules for Alertmanager. Exit: 0, 1 bad configuration");
  add_config_option(*verb, settings);
  add_choice(*verb, "FOR", request.for_alertmanager, rule_readers, "For whom (default: prometheus)");
  verb->add_flag("--self", request.self_only,
                 "Only HealthdDown and what the daemon says of itself: where it tells Alertmanager the rest");
  verb->add_option("--runbook-base-url", request.runbook_base_url,
                   "Where the runbooks are (default: as configured)");
  return verb;
}

int dispatch(int argc, char** argv) {
  Settings settings;
  ProbeRequest request;
  GrantsRequest grants_request;
  CLI::App app{"Watches a Superset production stack: says what is sick, what is the cause, and what to do.",
               "superset-healthd"};
  app.set_version_flag("--version", version_line());
  app.require_subcommand(0, 1);
  app.footer("Each verb has its own --help. Without a verb: run.");
  add_run_options(app, settings);

  auto* run = app.add_subcommand(
      "run", "The daemon (the default). Exit: 0 on SIGTERM, 78 bad configuration, 1 other");
  add_run_options(*run, settings);
  auto* check = app.add_subcommand(
      "check-config",
      "Prints every problem of the configuration as file:line:column: message. Exit: 0 valid, 1 not");
  add_config_option(*check, settings);
  add_web_config_option(*check, settings);
  auto* probe = app.add_subcommand(
      "probe", "Runs configured probes once. Exit, the worst of all: 0 up, 1 degraded, 2 down, 3 unknown");
  add_config_option(*probe, settings);
  probe->add_option("NAME", request.names, "The probes to run (default: all)");
  probe->add_flag("--explain", request.explain, "Print phases, checks, samples and evidence");
  add_choice(*probe, "--output", request.output, probe_outputs, "How to print (default: text)");
  const auto* grants_verb = add_grants(app, settings, grants_request);
  RulesRequest rules_request;
  const auto* rules_verb = add_rules(app, settings, rules_request);
  std::string receiver;
  auto* notify = app.add_subcommand("test-notify",
                                    "Sends a marked test alert, firing and then resolved, and prints the "
                                    "receiver's answers. Exit: 0 accepted, 2 not");
  add_config_option(*notify, settings);
  notify->add_option("RECEIVER", receiver, "As the configuration names it")->required();
  std::string alert;
  auto* runbook = app.add_subcommand(
      "runbook", "Prints what to do about an alert: its runbook. Exit: 0, 1 where no alert has this name");
  runbook->add_option("ALERT", alert, "Its name, such as PostgresDown")->required();
  LeverRequest lever;
  lever.socket = settings.control_socket;
  std::function<int()> lever_verb;
  add_lever_verbs(app, lever, lever_verb);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    if (code == 0) return exit_code::ok;
    return probe->parsed() ? nagios_unknown : exit_code::failed;
  }
  if (check->parsed()) return check_config(settings);
  if (probe->parsed()) return probes_once(settings, request);
  if (grants_verb->parsed()) return grants(settings, grants_request);
  if (rules_verb->parsed()) return rules(settings, rules_request);
  if (runbook->parsed()) return show_runbook(alert);
  if (notify->parsed()) return test_notify(settings, receiver);
  if (lever.socket == Settings{}.control_socket) lever.socket = settings.control_socket;  // before the verb
  if (lever_verb) return lever_verb();
  return run_daemon(settings);
}

}  // namespace
}  // namespace healthd

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads our output may go; we stay
  try {
    const int code = healthd::dispatch(argc, argv);
    // Half a rule file on a full disk must not look like a whole one.
    if (code != healthd::exit_code::ok || std::cout.flush()) return code;
    std::cerr << "superset-healthd: the output could not be written\n";
    return healthd::exit_code::failed;
  } catch (const std::exception& error) {
    std::cerr << "superset-healthd: " << error.what() << '\n';
    return healthd::exit_code::failed;
  }
}
