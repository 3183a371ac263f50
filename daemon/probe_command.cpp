// `probe`: every configured probe once, through the engine that the daemon uses.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <iostream>

#include "daemon/assembly.hpp"
#include "daemon/commands.hpp"
#include "daemon/loops.hpp"
#include "daemon/probe_report.hpp"
#include "probes/run_probe.hpp"

namespace healthd {
namespace {

/// Nagios' order of severity: down, then unknown, then degraded.
int nagios_code(Status status) {
  switch (status) {
    case Status::up:
      return 0;
    case Status::degraded:
      return 1;
    case Status::down:
      return 2;
    case Status::unknown:
      return 3;
  }
  std::abort();
}

bool wanted(const ProbeRequest& request, const std::string& name) {
  return request.names.empty() || std::ranges::find(request.names, name) != request.names.end();
}

std::vector<ProbeView> run_all(Loops& loops, Assembly& parts, const ProbeRequest& request) {
  std::vector<ProbeView> views;
  for (auto& built : parts.probes) {
    if (!wanted(request, built.config.name)) continue;
    ProbeView view;
    view.name = built.config.name;
    view.kind = built.config.kind;
    view.component = built.kind->component;
    view.target = built.probe->target();
    views.push_back(std::move(view));
  }
  for (auto& view : views) {
    const auto built =
        std::ranges::find(parts.probes, view.name, [](const BuiltProbe& one) { return one.config.name; });
    auto run = run_probe(*built->probe, view.name, built->config.timeout, loops.tools());
    boost::asio::co_spawn(loops.main(), std::move(run), [&view](std::exception_ptr error, Outcome outcome) {
      if (error) std::rethrow_exception(error);
      view.last = std::move(outcome);
    });
  }
  loops.main().run();
  return views;
}

}  // namespace

int run_probes_once(const Settings& settings, const ProbeRequest& request) {
  constexpr int could_not_tell = 3;
  Loops loops;
  TlsContexts tls;
  Problems problems;
  auto parts = assemble(settings.config_file, loops.resolver(), tls, problems);
  if (problems.has_errors()) {
    for (const auto& problem : problems.sorted()) std::cerr << to_string(problem) << '\n';
    return could_not_tell;
  }
  if (report_unknown_probes(parts, request.names)) return could_not_tell;

  const auto views = run_all(loops, parts, request);
  print_probes(std::cout, parts.config.stack, views, request);
  const int code = nagios_code(worst(views));
  loops.stop_postgres();
  if (loops.held_up()) {
    std::cout.flush();
    std::_Exit(code);
  }
  return code;
}

}  // namespace healthd
