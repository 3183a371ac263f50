#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <iostream>

#include "daemon/app.hpp"
#include "daemon/commands.hpp"

namespace healthd {

namespace {

/// Our memory holds passwords: it goes into no core file, and no other process of our user reads it. A debug
/// build is made to be looked into.
void keep_memory_private() {
#ifdef NDEBUG
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

}  // namespace

int run_daemon(const Settings& settings) {
  keep_memory_private();
  Loops loops;
  TlsContexts tls;
  Problems problems;
  auto parts = assemble(settings.config_file, loops.resolver(), tls, problems);
  parts.web = assemble_web(settings.web_config_file, problems);
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
