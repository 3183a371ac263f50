// URLs as targets: parsed once, while the configuration is read.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "config/options.hpp"
#include "probes/net/dial.hpp"

namespace healthd {

struct Url {
  std::string scheme;  ///< "" : there was none, or it was wrong
  Endpoint endpoint;
  std::string path = "/";  ///< with the query
  std::string user;  ///< of the user info, where the scheme has users (not http, https); a password there is
                     ///< an error
};

/// A scheme that a key allows, with its port where the URL names none.
struct Scheme {
  std::string_view name;
  std::uint16_t default_port;
};

/// What is wrong with `text` is reported to `options` at `key`; the result is then unusable but harmless.
Url parse_url(Options& options, std::string_view key, std::string_view text,
              std::initializer_list<Scheme> schemes);

/// The value of the Host header: the port is left out where it is the scheme's own.
std::string host_header(const Url& url);

/// The URL under `key`.
Url read_url(Options& options, std::string_view key, std::initializer_list<Scheme> schemes,
             bool required = true);

}  // namespace healthd
