// One JSON document to one URL: what every notifier over HTTP has in common.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporters/notifier.hpp"
#include "probes/net/tunnel.hpp"
#include "probes/net/url.hpp"

namespace healthd {

struct PostTarget {
  Url url;
  std::optional<TlsClient> tls;
  std::optional<Proxy> proxy;
};

/// The target that `text` names (http or https), with the settings of the maps `tls` and `proxy`. Problems
/// are reported at `key` and never repeat the text, which may be a secret.
PostTarget read_post_target(Options& options, std::string_view key, std::string_view text,
                            NotifierTools tools);

/// `url` in the open, or `url_file`/`credential` where it is a secret; "" after a problem.
std::string read_url_text(Options& options);

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Posted {
  Delivery delivery;
  int status = 0;         ///< of the answer; 0 where there was none
  std::string body = {};  ///< of the answer, at most 64 KiB; may repeat our URL: not to be shown
  std::optional<std::chrono::seconds> clock_behind = {};  ///< how far its `Date` is behind our clock
};

/// Posts `body`. 2xx is sent; 408, 425, 429, 5xx and everything that kept an answer from coming is worth
/// another try; what is left is rejected. Redirects are not followed. `quote`: whether the answer's text may
/// be shown. Cancellable; ends by `deadline`.
asio::awaitable<Posted> post_json(Resolver& resolver, const PostTarget& target, Headers headers,
                                  std::string body, bool quote, Deadline deadline);

/// Asks for `path` on the target's host. Judged as post_json judges.
asio::awaitable<Posted> get_page(Resolver& resolver, const PostTarget& target, std::string path,
                                 Deadline deadline);

}  // namespace healthd
