#include "daemon/status_text.hpp"

namespace healthd {

std::string status_text(const std::string& stack, const std::vector<ProbeView>& probes,
                        const std::vector<Incident>& open, const std::string& trouble) {
  std::string text = "stack " + stack + "\n";
  for (const auto& probe : probes) {
    text += "  " + probe.name + " (" + probe.component + "): " + std::string{to_string(probe.state)};
    if (probe.last && probe.last->result.reason != Reason::none)
      text += ", " + std::string{to_string(probe.last->result.reason)} + ": " + probe.last->result.detail;
    text += "\n";
  }
  for (const auto& incident : open)
    text += "incident " + incident.id + "  " + incident.title +
            (incident.acknowledged_by.empty() ? "" : "  (acknowledged by " + incident.acknowledged_by + ")") +
            "\n";
  if (!trouble.empty()) text += "the daemon itself: " + trouble + "\n";
  return text;
}

}  // namespace healthd
