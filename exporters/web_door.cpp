#include "exporters/web_door.hpp"

#include <sys/stat.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "exporters/off_loop.hpp"
#include "exporters/web_tls.hpp"

namespace healthd {
namespace {

constexpr std::string_view open_path = "/-/healthy";
constexpr const char* challenge = "Basic realm=\"superset-healthd\", charset=\"UTF-8\"";

FileStamp stamp_of(const std::string& path) {
  FileStamp stamp{path, {}};
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return stamp;
  const auto add = [&stamp](auto mark) { stamp.marks.push_back(static_cast<long long>(mark)); };
  add(status.st_dev);
  add(status.st_ino);
  add(status.st_size);
  add(status.st_mtim.tv_sec);
  add(status.st_mtim.tv_nsec);
  add(status.st_ctim.tv_sec);
  add(status.st_ctim.tv_nsec);
  return stamp;
}

std::vector<FileStamp> again(const std::vector<FileStamp>& stamps) {
  std::vector<FileStamp> now;
  now.reserve(stamps.size());
  for (const auto& stamp : stamps) now.push_back(stamp_of(stamp.path));
  return now;
}

WebResponse refusal_of(unsigned status, std::string line, WebFields fields = {}) {
  WebResponse response;
  response.status = status;
  response.body = std::move(line) + "\n";
  response.fields = std::move(fields);
  return response;
}

}  // namespace

std::shared_ptr<const WebAccess> load_web_access(const std::string& path) {
  auto access = std::make_shared<WebAccess>();
  if (path.empty()) return access;
  // Looked at before they are read: what changes in between is seen next time.
  access->stamps.push_back(stamp_of(path));
  access->file = load_web_file(path, access->problems);
  access->users = std::make_shared<const WebUsers>(access->file.users);
  if (!access->file.tls) return access;
  const auto& tls = *access->file.tls;
  for (const auto* file : {&tls.cert_file, &tls.key_file, &tls.client_ca_file})
    if (!file->empty()) access->stamps.push_back(stamp_of(*file));
  if (!access->problems.has_errors()) access->context = make_web_context(tls, access->problems);
  return access;
}

bool is_insecure(const ListenAddress& address, const WebFile& file) {
  boost::system::error_code every_address;
  const auto where = asio::ip::make_address(address.host, every_address);
  const bool only_here = !every_address && where.is_loopback();
  return !only_here && !(file.tls && file.identifies());
}

WebDoor::WebDoor(WebDoorParts parts)
    : parts_{std::move(parts)},
      current_{parts_.first},
      seen_{current_->stamps},
      logins_{parts_.hashers, parts_.throttled} {}

std::optional<WebResponse> WebDoor::judge_host(const WebRequest& request) const {
  if (!request.host) return std::nullopt;  // HTTP/1.0, which no browser speaks
  switch (parts_.hosts.judge(*request.host)) {
    case AllowedHosts::Verdict::fine:
      return std::nullopt;
    case AllowedHosts::Verdict::foreign:
      return refusal_of(421, "This server does not answer to that name; web.allowed_hosts adds names.");
    case AllowedHosts::Verdict::malformed:
      return refusal_of(400, "The Host field is not a name or an address.");
  }
  std::abort();
}

asio::awaitable<std::optional<WebResponse>> WebDoor::judge_login(const WebRequest& request) {
  const auto users = current_->users;
  if (users->empty() || request.path == open_path) co_return std::nullopt;
  auto judged = logins_.judge(users, request.authorization, request.from);
  const auto verdict = co_await std::move(judged);
  switch (verdict) {
    case WebLogins::Verdict::admitted:
      co_return std::nullopt;
    case WebLogins::Verdict::refused:
      co_return refusal_of(401, "A user and a password are needed.", {{"WWW-Authenticate", challenge}});
    case WebLogins::Verdict::throttled:
      co_return refusal_of(429, "Too many failed logins from this address.", {{"Retry-After", "10"}});
    case WebLogins::Verdict::busy:
      co_return refusal_of(503, "Too many logins at once.", {{"Retry-After", "1"}});
  }
  std::abort();
}

asio::awaitable<WebResponse> WebDoor::pass(const WebRequest& request, const WebHandler& inside) {
  auto refused = judge_host(request);
  if (!refused) refused = co_await judge_login(request);
  if (!refused) co_return co_await inside(request);
  if (parts_.refused) parts_.refused(refused->status);
  co_return std::move(*refused);
}

WebHandler WebDoor::guard(WebHandler inside) {
  const auto shared = std::make_shared<const WebHandler>(std::move(inside));
  return [door = shared_from_this(), shared](const WebRequest& request) -> asio::awaitable<WebResponse> {
    const auto kept = door;  // the coroutine's own: the closure may be gone by the time it goes on
    const auto handler = shared;
    co_return co_await kept->pass(request, *handler);
  };
}

WebFront WebDoor::front() {
  return {.tls = [door = shared_from_this()] { return door->current_->context; },
          .fields = [door = shared_from_this()] { return door->current_->file.headers; }};
}

asio::awaitable<bool> WebDoor::reload() {
  const auto kept = shared_from_this();
  using Access = std::shared_ptr<const WebAccess>;
  std::function<Access()> work = [path = parts_.path] { return load_web_access(path); };
  const Access found = co_await off_loop(parts_.workers, std::move(work));
  seen_ = found->stamps;
  const bool taken = !found->problems.has_errors();
  if (taken) current_ = found;
  if (parts_.reloaded) parts_.reloaded(found->problems, taken);
  co_return taken;
}

asio::awaitable<void> WebDoor::watch(std::chrono::milliseconds every) {
  const auto kept = shared_from_this();
  asio::steady_timer timer{co_await asio::this_coro::executor};
  while (!parts_.path.empty()) {
    timer.expires_after(every);
    co_await timer.async_wait(asio::use_awaitable);
    std::function<bool()> look = [seen = seen_] { return again(seen) != seen; };
    if (co_await off_loop(parts_.workers, std::move(look))) co_await reload();
  }
}

}  // namespace healthd
