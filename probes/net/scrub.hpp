// Text of a stranger, made fit for a report: one line, bounded, without what looks like a credential.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace healthd {

/// The beginning of `text`, at most `most` bytes of it: control characters go, runs of blanks become one
/// blank, and passwords, tokens, cookies, users in URLs and long random words become `***`. It errs on the
/// side of masking, and cannot know a secret that looks like a plain word. The cost is bounded, however long
/// `text` is.
std::string scrubbed(std::string_view text, std::size_t most = 256);

}  // namespace healthd
