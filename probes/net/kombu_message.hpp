// Reading JSON that strangers wrote, and the envelope that kombu puts around a message's body. Nothing here
// throws, whatever the text. Source: kombu's virtual transport.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace healthd::kombu {

using nlohmann::json;

/// Discarded where the text is not JSON. What is nested more than 32 deep is left out.
json parse(std::string_view text);

/// A message's body as JSON; discarded where it is of another type or broken.
json body_of(const json& message);

/// The member of that name; null where there is none, or where `object` is none.
const json& member(const json& object, const char* name);

/// The value where it is a text, else "".
std::string text(const json& value);
/// The value where it is a text of at most 255 bytes, else "": what is kept or shown must not be of any
/// length.
std::string name(const json& value);
/// The value where it is a whole number that fits.
std::optional<long long> integer(const json& value);
/// The value where it is a finite number.
std::optional<double> number(const json& value);
/// The value where it can be a moment of this era: a number of seconds since 1970, before the year 10000.
std::optional<double> unix_time(const json& value);

}  // namespace healthd::kombu
