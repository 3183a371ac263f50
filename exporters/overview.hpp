// How pages speak of the stack: names, states, and the one sentence on top.
#pragma once

#include <string>
#include <string_view>

#include "exporters/html.hpp"
#include "exporters/snapshot.hpp"

namespace healthd {

/// How a state looks: a word and a symbol, so that colour is never the only sign. `style` is its CSS class.
struct Look {
  Html::Markup style;
  Html::Markup symbol;
  std::string_view word;
};
Look look_of(Status status);

/// `postgres` -> `PostgreSQL`; a name that is not known stays as it is.
std::string_view part_name(std::string_view component);

/// "All parts are up." or which are not, since when and for how long.
std::string overall_sentence(const Snapshot& snapshot);
Status overall_status(const Snapshot& snapshot);

}  // namespace healthd
