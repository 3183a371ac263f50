#include <cstdlib>
#include <iostream>

#include "daemon/app.hpp"
#include "daemon/commands.hpp"

namespace healthd {

int run_daemon(const Settings& settings) {
  Loops loops;
  TlsContexts tls;
  Problems problems;
  auto parts = assemble(settings.config_file, loops.resolver(), tls, problems);
  for (const auto& problem : problems.sorted()) std::cerr << to_string(problem) << '\n';
  if (problems.has_errors()) return exit_code::bad_configuration;

  start_logging(settings.log_level, settings.log_format);
  int code = exit_code::failed;
  {
    App app{settings, std::move(parts), loops};
    code = app.run();
  }
  stop_logging();
  // A name look-up that the system still holds cannot be called back; it must not hold us up either.
  if (loops.held_up()) std::_Exit(code);
  return code;
}

}  // namespace healthd
