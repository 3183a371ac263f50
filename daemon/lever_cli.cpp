#include "daemon/lever_cli.hpp"

#include <CLI/CLI.hpp>

namespace healthd {
namespace {

using Run = int (*)(const LeverRequest&);

class Verbs {
 public:
  Verbs(LeverRequest& request, std::function<int()>& chosen) : request_{request}, chosen_{chosen} {}

  CLI::App* add(CLI::App& parent, const char* name, const char* help, Run run) {
    auto* verb = parent.add_subcommand(name, help);
    verb->add_option("--control.socket", request_.socket, "The socket of the running daemon")
        ->capture_default_str();
    verb->callback([this, run] { chosen_ = [&request = request_, run] { return run(request); }; });
    return verb;
  }
  void who(CLI::App* verb, const char* comment, const char* help) {
    verb->add_option("--author", request_.author, "In whose name (default: the user who asks)");
    verb->add_option(comment, request_.comment, help);
  }
  void json(CLI::App* verb) {
    const auto take = [this](const std::string& format) {
      if (format != "json" && format != "text") throw CLI::ValidationError{"--output", "expected text|json"};
      request_.json = format == "json";
    };
    verb->add_option_function<std::string>("--output", take, "How to print (default: text)")
        ->type_name("text|json");
  }

  LeverRequest& request_;
  std::function<int()>& chosen_;
};

void add_silence(CLI::App& app, Verbs& verbs) {
  auto* silence = app.add_subcommand(
      "silence", "Holds back alerts that are about to begin; what was told already is still taken back");
  silence->require_subcommand(1);
  auto* add =
      verbs.add(*silence, "add", "Prints the silence's id. Exit: 0, or 1 with the reason", silence_add);
  add->add_option("--for", verbs.request_.span, "How long, such as 2h; 30 days at most")->required();
  add->add_option(
         "MATCHER", verbs.request_.matchers,
         "label=value, or label=~expression; all must hold. Labels: alertname component probe severity "
         "queue worker ...")
      ->required();
  verbs.who(add, "--comment", "Why");
  auto* list = verbs.add(*silence, "list", "Lists the silences", silence_list);
  verbs.json(list);
  auto* expire = verbs.add(*silence, "expire", "Ends a silence", silence_expire);
  expire->add_option("ID", verbs.request_.id, "As `silence list` shows it")->required();
}

void add_ack(CLI::App& app, Verbs& verbs) {
  auto* ack =
      verbs.add(app, "ack",
                "Takes an open incident on: no more reminders, and PagerDuty shows it as acknowledged. Ends "
                "with the incident",
                acknowledge);
  ack->add_option("INCIDENT", verbs.request_.id,
                  "Its id, or the name of an alert in it (default: the only one that is open)");
  verbs.who(ack, "--comment", "A word for the timeline");
}

void add_maintenance(CLI::App& app, Verbs& verbs) {
  auto* maintenance =
      app.add_subcommand("maintenance", "Holds back alerts while somebody works on the stack");
  maintenance->require_subcommand(1);
  auto* start = verbs.add(*maintenance, "start", "Prints its id", maintenance_start);
  start->add_option("--for", verbs.request_.span, "How long, such as 10m; 30 days at most")->required();
  start->add_option("--component", verbs.request_.components,
                    "Only these parts: nginx gunicorn superset postgres redis celery beat (default: all)");
  verbs.who(start, "--reason", "Why; part of what a held back alert says");
  auto* end = verbs.add(*maintenance, "end", "Ends it before its time", maintenance_end);
  end->add_option("ID", verbs.request_.id, "As `maintenance list` shows it (default: the only one)");
  auto* list = verbs.add(*maintenance, "list", "Lists what was started by hand and what the schedule has on",
                         maintenance_list);
  verbs.json(list);
}

}  // namespace

void add_lever_verbs(CLI::App& app, LeverRequest& request, std::function<int()>& chosen) {
  // Callbacks refer to it for as long as the command line is being parsed.
  auto verbs = std::make_shared<Verbs>(request, chosen);
  add_silence(app, *verbs);
  add_ack(app, *verbs);
  add_maintenance(app, *verbs);
  auto* status = verbs->add(app, "status",
                            "What the running daemon sees. Exit: 0, or 1 where it does not run", show_status);
  verbs->json(status);
  verbs->add(app, "reload", "Asks the running daemon to read its configuration again", ask_for_reload);
  app.parse_complete_callback([verbs] {});
}

}  // namespace healthd
