#include "probes/stub_status.hpp"

#include <charconv>

namespace healthd {
namespace {

/// Walks through a page word by word; once something did not match, nothing matches any more.
class Walk {
 public:
  explicit Walk(std::string_view page) : rest_{page} {}

  Walk& word(std::string_view expected) {
    if (next() != expected) good_ = false;
    return *this;
  }

  Walk& number(std::uint64_t& value) {
    const auto text = next();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) good_ = false;
    return *this;
  }

  bool good() const { return good_; }

 private:
  std::string_view next() {
    constexpr std::string_view blank = " \r\n\t";
    const auto begin = rest_.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    const auto end = std::min(rest_.find_first_of(blank, begin), rest_.size());
    const auto text = rest_.substr(begin, end - begin);
    rest_.remove_prefix(end);
    return text;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::optional<StubStatus> parse_stub_status(std::string_view page) {
  StubStatus status;
  std::uint64_t active = 0;
  Walk walk{page};
  walk.word("Active").word("connections:").number(active);
  walk.word("server").word("accepts").word("handled").word("requests");
  walk.number(status.accepted).number(status.handled).number(status.requests);
  walk.word("Reading:").number(status.reading);
  walk.word("Writing:").number(status.writing);
  walk.word("Waiting:").number(status.waiting);
  if (!walk.good()) return std::nullopt;
  return status;
}

Failure add_counters(const HttpResponse& response, ProbeResult& result) {
  const auto status = response.status == 200 ? parse_stub_status(response.body) : std::nullopt;
  if (!status) return {Reason::body_mismatch, "the answer is not a stub_status page"};
  const auto add = [&result](const char* name, std::uint64_t value, Labels labels = {}) {
    result.samples.push_back({name, static_cast<double>(value), std::move(labels)});
  };
  add("healthd_nginx_connections_accepted_total", status->accepted);
  add("healthd_nginx_connections_handled_total", status->handled);
  add("healthd_nginx_http_requests_total", status->requests);
  add("healthd_nginx_connections", status->reading, {{"state", "reading"}});
  add("healthd_nginx_connections", status->writing, {{"state", "writing"}});
  add("healthd_nginx_connections", status->waiting, {{"state", "waiting"}});
  return {};
}

}  // namespace healthd
