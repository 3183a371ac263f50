// Where a redirect leads, and whether we go there: never to a stranger, whatever the answer says.
#pragma once

#include <string_view>

#include "probes/net/outcome.hpp"
#include "probes/net/url.hpp"

namespace healthd {

/// More are taken for a loop.
constexpr int most_redirects = 3;

bool is_redirect(int status);

/// What a redirect from `from` to `location` (absolute or relative) leads to: the same scheme, host and port,
/// or from http to https on the same host and its default port. Anything else is a failure whose detail says
/// why and names the path, scrubbed and without its query; the host of a stranger is not repeated.
Result<Url> redirect_target(const Url& from, std::string_view location);

}  // namespace healthd
