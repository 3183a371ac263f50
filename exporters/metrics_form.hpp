// In which form /metrics is sent: what the client asks for, and how it is made.
#pragma once

#include <string>
#include <string_view>

namespace healthd {

struct MetricsForm {
  bool open_metrics = false;  ///< OpenMetrics 1.0; else Prometheus' text 0.0.4
  bool gzip = false;
};

/// What suits the fields Accept and Accept-Encoding best: text 0.0.4 unless OpenMetrics is preferred, gzip
/// where it is accepted.
MetricsForm metrics_form(std::string_view accept, std::string_view accept_encoding);

/// The field Content-Type.
std::string_view content_type_of(const MetricsForm& form);

/// The text of version 0.0.4 in that form. Computes for a while: not for the loop.
std::string in_form(std::string text, const MetricsForm& form);

}  // namespace healthd
