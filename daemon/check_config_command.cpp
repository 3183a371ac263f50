#include <iostream>

#include "daemon/assembly.hpp"
#include "daemon/commands.hpp"
#include "daemon/loops.hpp"

namespace healthd {

int check_config(const Settings& settings) {
  Loops loops;
  TlsContexts tls;
  Problems problems;
  auto parts = assemble(settings.config_file, loops.resolver(), tls, problems);
  parts.web = assemble_web(settings.web_config_file, problems);
  if (!problems.has_errors()) warn_of_insecure_bind(parts, problems);
  for (const auto& problem : problems.sorted()) std::cout << to_string(problem) << '\n';
  loops.stop_postgres();
  if (problems.has_errors()) return exit_code::failed;
  std::cout << settings.config_file << ": valid: " << parts.probes.size() << " probes, "
            << parts.receivers.size() << " receivers, " << parts.rules.size() << " alerts\n";
  return exit_code::ok;
}

}  // namespace healthd
