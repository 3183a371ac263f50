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

  if (!settings.listen_address.empty() && !parse_listen_address(settings.listen_address)) {
    std::cerr
        << "superset-healthd: --web.listen-address: expected an address and a port, such as 127.0.0.1:9848\n";
    return exit_code::failed;
  }
  start_logging(settings.log_level, settings.log_format);
  const auto store = Store::open(settings.storage_path);
  int code = exit_code::failed;
  {
    App app{settings, std::move(parts), loops, *store};
    code = app.run();
  }
  const bool kept = store->close(std::chrono::seconds{1});
  const bool written = stop_logging();
  // Neither a disk that hangs, nor a name look-up that the system still holds, nor a login at PostgreSQL that
  // still computes, nor a stuck reader of our log may hold us up.
  if (loops.held_up() || !written || !kept) std::_Exit(code);
  return code;
}

}  // namespace healthd
