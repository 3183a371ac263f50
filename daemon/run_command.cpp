#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <iostream>

#include "config/load.hpp"
#include "daemon/app.hpp"
#include "daemon/commands.hpp"
#include "daemon/heap.hpp"

namespace healthd {
namespace {

/// The file, or else what was in use when it was last right. Prints every problem of the file.
Loaded load_or_fall_back(const Settings& settings, Resolver& resolver, bool& as_configured) {
  auto loaded = load_file(settings.config_file, settings.web_config_file, resolver);
  if (const auto lines = lines_of(*loaded.problems); !lines.empty()) std::cerr << lines << '\n';
  as_configured = loaded.usable();
  if (as_configured || settings.config_strict) return loaded;
  const LastGood last_good{settings.storage_path};
  auto text = last_good.text();
  if (!text) return loaded;
  // Under the file's own name, for relative paths begin at its folder.
  auto fallback = load_text(std::move(*text), settings.config_file, settings.web_config_file, resolver);
  if (!fallback.usable()) return loaded;
  std::cerr << "superset-healthd: going on with the configuration that was last in use, " << last_good.path()
            << "; --config.strict would stop here\n";
  return fallback;
}

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
  keep_heap_small();
  Loops loops;
  bool as_configured = true;
  auto loaded = load_or_fall_back(settings, loops.resolver(), as_configured);
  if (!loaded.usable()) return exit_code::bad_configuration;

  if (!settings.listen_address.empty() && !parse_listen_address(settings.listen_address)) {
    std::cerr
        << "superset-healthd: --web.listen-address: expected an address and a port, such as 127.0.0.1:9848\n";
    return exit_code::failed;
  }
  if (!settings.external_url.empty() && !is_base_url(settings.external_url)) {
    std::cerr << "superset-healthd: --web.external-url: expected a URL such as "
                 "https://ops.example.com/healthd, without "
                 "user, query or fragment\n";
    return exit_code::failed;
  }
  start_logging(settings.log_level, settings.log_format);
  const auto store = Store::open(settings.storage_path);
  if (as_configured) {
    const auto trouble = LastGood{settings.storage_path}.keep(loaded.text);
    if (!trouble.empty()) log_event(LogLevel::warning, "last_good_not_kept", {{"trouble", trouble}});
  } else {
    log_event(LogLevel::error, "config_last_good_used", {{"file", settings.config_file}});
  }
  int code = exit_code::failed;
  {
    App app{settings, std::move(loaded), loops, *store, as_configured};
    give_back_free_memory();  // what reading the configuration and rendering the runbooks needed
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
