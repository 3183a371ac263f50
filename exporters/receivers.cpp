// The table of receiver types: adding one is a source, a line here, a CMake line, a test and a stanza in the
// sample.
#include "exporters/notifier.hpp"

namespace healthd {

const std::vector<ReceiverType>& receiver_types() {
  static const std::vector<ReceiverType> types{
      {"alertmanager", make_alertmanager}, {"email", make_email},
      {"pagerduty", make_pagerduty},       {"slack", make_slack},
      {"webhook", make_webhook},
  };
  return types;
}

}  // namespace healthd
