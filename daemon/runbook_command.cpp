#include <algorithm>
#include <iostream>

#include "config/alerts.hpp"
#include "daemon/assembly.hpp"
#include "daemon/commands.hpp"
#include "exporters/runbooks.hpp"

namespace healthd {
namespace {

std::string_view without_front_matter(std::string_view markdown) {
  constexpr std::string_view line = "---\n";
  if (!markdown.starts_with(line)) return markdown;
  const auto end = markdown.find("\n---\n");
  return end == markdown.npos ? markdown : markdown.substr(end + line.size() + 1);
}

}  // namespace

int show_runbook(const std::string& alert) {
  Problems problems;
  const auto rules = load_alert_rules(built_in_alerts(), "alerts.yaml", problems);
  std::vector<std::string> names;
  for (const auto& rule : rules) names.push_back(rule.name);
  const auto rule = std::ranges::find_if(
      rules, [&alert](const AlertRule& each) { return each.name == alert || each.runbook == alert; });
  if (rule == rules.end()) {
    std::cerr << "no alert is named " << in_quotes(alert) << did_you_mean(alert, names) << '\n';
    return exit_code::failed;
  }
  const auto page = std::ranges::find(embedded_runbooks(), rule->runbook, &EmbeddedFile::slug);
  if (page == embedded_runbooks().end()) return exit_code::failed;
  std::cout << without_front_matter(page->markdown);
  return exit_code::ok;
}

}  // namespace healthd
