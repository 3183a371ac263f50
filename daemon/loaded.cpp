#include "daemon/loaded.hpp"

namespace healthd {

Loaded load_text(std::string text, const std::string& name, const std::string& web_path, Resolver& resolver) {
  Loaded loaded;
  loaded.text = std::move(text);
  loaded.parts = assemble_text(loaded.text, name, resolver, *loaded.tls, *loaded.problems);
  loaded.parts.web = assemble_web(web_path, *loaded.problems);
  return loaded;
}

Loaded load_file(const std::string& path, const std::string& web_path, Resolver& resolver) {
  Loaded unread;
  auto text = read_text_file(path, *unread.problems);
  return text ? load_text(std::move(*text), path, web_path, resolver) : std::move(unread);
}

void refuse_what_needs_a_restart(const Config& now, const Settings& settings, Loaded& next) {
  auto& config = next.parts.config;
  if (config.stack != now.stack)
    config.root.error("stack", "stack: every alert carries it, so a new name needs a restart; now it is " +
                                   in_quotes(now.stack));
  if (settings.listen_address.empty() && config.web.listen_address != now.web.listen_address)
    config.root.map("web").error(
        "listen_address",
        "listen_address: a new address needs a restart; now it is " + now.web.listen_address);
}

std::string lines_of(const Problems& problems) {
  std::string text;
  for (const auto& problem : problems.sorted()) text += (text.empty() ? "" : "\n") + to_string(problem);
  return text;
}

}  // namespace healthd
