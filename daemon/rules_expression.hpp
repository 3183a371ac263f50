// One rule of the catalogue as a PromQL expression. Pure.
#pragma once

#include <string>

#include "daemon/rules.hpp"

namespace healthd {

std::string promql(const AlertRule& rule, const RulesContext& context);

}  // namespace healthd
