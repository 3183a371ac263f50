// HTTP responses, in whatever pieces they come, through the client that probes and notifiers use.
#include "probes/net/http.hpp"

#include <boost/asio/error.hpp>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

using fuzz::must;

/// A peer that answers with `bytes`, some at a time, and closes.
class Peer final : public Stream {
 public:
  Peer(std::string_view bytes, std::size_t step) : rest_{bytes}, step_{step} {}

  asio::awaitable<Io> read_some(asio::mutable_buffer buffer) override {
    if (rest_.empty()) co_return Io{asio::error::eof, 0};
    const auto part = rest_.substr(0, step_);
    const auto count = asio::buffer_copy(buffer, asio::buffer(part));
    rest_.remove_prefix(count);
    co_return Io{{}, count};
  }
  asio::awaitable<Io> write(asio::const_buffer buffer) override { co_return Io{{}, buffer.size()}; }

 private:
  std::string_view rest_;
  std::size_t step_;
};

Result<HttpResponse> exchange(std::string_view bytes, std::size_t step, HttpLimits limits, bool head) {
  static asio::io_context loop{1};
  Peer peer{bytes, step};
  Trace trace;
  HttpRequest request;
  if (head) request.method = "HEAD";
  request.host = "bi.example.com";
  return test::run(loop, http_exchange(peer, trace, request, limits));
}

void check_limits(const Result<HttpResponse>& answer, HttpLimits limits, bool head) {
  if (!answer) {
    must(answer.error().reason != Reason::none && fuzz::is_plain(answer.error().detail),
         "a failure has a reason and a line of text");
    return;
  }
  must(answer->status == 101 || (answer->status >= 200 && answer->status <= 999), "a status is final");
  must(answer->body.size() <= limits.body_bytes, "no longer body than allowed");
  must(!answer->body_cut || answer->body.size() == limits.body_bytes, "only what is too long is cut");
  must(!head || answer->body.empty(), "the answer to HEAD has no body");
  std::size_t bytes = 0;
  for (const auto& [name, value] : answer->headers) {
    bytes += name.size() + value.size();
    must(!name.empty() && value.find_first_of("\r\n") == std::string::npos, "a header is a name and a line");
  }
  must(bytes <= limits.header_bytes, "no longer headers than allowed");
}

bool same(const HttpResponse& left, const HttpResponse& right) {
  return left.status == right.status && left.headers == right.headers && left.body == right.body;
}

void check(std::string_view bytes, HttpLimits limits, bool head) {
  const auto whole = exchange(bytes, bytes.size() + 1, limits, head);
  const auto drips = exchange(bytes, 1, limits, head);
  const auto parts = exchange(bytes, 5, limits, head);
  for (const auto* answer : {&whole, &drips, &parts}) check_limits(*answer, limits, head);
  for (const auto* answer : {&drips, &parts}) {
    const bool comparable = whole && *answer && !whole->body_cut && !(*answer)->body_cut;
    if (comparable) must(same(*whole, **answer), "pieces do not matter");
  }
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = healthd::fuzz::as_text(data, size);
  const healthd::HttpLimits tight{.header_bytes = 128, .body_bytes = 16, .interim_responses = 2};
  healthd::check(bytes, healthd::HttpLimits{}, false);
  healthd::check(bytes, tight, false);
  healthd::check(bytes, tight, true);
  return 0;
}
