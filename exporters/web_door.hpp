// Who gets in: TLS, names, users. Holds what the web file says, and takes up its changes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/problem.hpp"
#include "config/web_config.hpp"
#include "exporters/allowed_hosts.hpp"
#include "exporters/http_server.hpp"
#include "exporters/web_logins.hpp"

namespace healthd {

/// What one file looked like; another look tells whether it has changed.
struct FileStamp {
  std::string path;
  std::vector<long long> marks;  ///< empty: it was not there
  bool operator==(const FileStamp&) const = default;
};

/// The web file together with the files that it names.
struct WebAccess {
  WebFile file;
  std::shared_ptr<const WebUsers> users = std::make_shared<const WebUsers>();
  std::shared_ptr<asio::ssl::context> context;  ///< nullptr: plain
  std::vector<FileStamp> stamps;
  Problems problems;  ///< with errors: not to be used
};

/// Blocks on disk. `path` "": pages for everybody, in the clear.
std::shared_ptr<const WebAccess> load_web_access(const std::string& path);

/// Whether clients on other hosts find pages without TLS or without a login.
bool is_insecure(const ListenAddress& address, const WebFile& file);

struct WebDoorParts {
  std::string path;                        ///< of the web file; "": none
  std::shared_ptr<const WebAccess> first;  ///< without errors
  AllowedHosts hosts;
  asio::any_io_executor workers;  ///< for files and certificates
  asio::any_io_executor hashers;  ///< for passwords
  /// Told on the loop, for each answer that was given at the door.
  std::function<void(unsigned status)> refused;
  /// Told on the loop what a new look at the files found; `taken` where it is used from now on.
  std::function<void(const Problems& problems, bool taken)> reloaded;
  std::function<void(const asio::ip::address& from)> throttled;
};

/// On the loop only, and kept by a shared_ptr: a request may outlive everybody else.
class WebDoor : public std::enable_shared_from_this<WebDoor> {
 public:
  explicit WebDoor(WebDoorParts parts);

  /// `inside` behind the door. `/-/healthy` needs no login.
  WebHandler guard(WebHandler inside);
  WebFront front();
  void set_hosts(AllowedHosts hosts) { parts_.hosts = std::move(hosts); }

  /// Reads all files anew; with an error in them everything stays as it is. Whether they are used now.
  asio::awaitable<bool> reload();
  /// Reloads whenever a file has changed, until cancelled.
  asio::awaitable<void> watch(std::chrono::milliseconds every = std::chrono::seconds{5});

 private:
  std::optional<WebResponse> judge_host(const WebRequest& request) const;
  asio::awaitable<std::optional<WebResponse>> judge_login(const WebRequest& request);
  asio::awaitable<WebResponse> pass(const WebRequest& request, const WebHandler& inside);

  WebDoorParts parts_;
  std::shared_ptr<const WebAccess> current_;
  std::vector<FileStamp> seen_;
  WebLogins logins_;
};

}  // namespace healthd
