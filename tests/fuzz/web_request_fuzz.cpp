// Requests to our own web server, up to where a page is looked for.
#include <boost/asio/buffer.hpp>

#include "exporters/allowed_hosts.hpp"
#include "exporters/http_messages.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace healthd {
namespace {

using fuzz::must;
namespace http = boost::beast::http;

/// What the server makes of the beginning of a connection.
struct Reading {
  std::optional<WebRequest> request = {};
  std::optional<WebResponse> refused = {};
};

/// As much of a request as came, `step` bytes at a time; then the client closes.
Reading read(std::string_view bytes, std::size_t step, const WebLimits& limits) {
  HttpParser parser;
  parser.header_limit(limits.header_bytes);
  boost::system::error_code error;
  std::string pending;
  while (!parser.is_header_done() && (!error || error == http::error::need_more) && !bytes.empty()) {
    pending += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    pending.erase(0, parser.put(boost::asio::buffer(pending), error));
  }
  if (!parser.is_header_done() && (!error || error == http::error::need_more))
    error = parser.got_some() ? http::error::partial_message : http::error::end_of_stream;
  if (error && error != http::error::need_more) return {{}, answer_to_unreadable(error)};
  auto refused = refusal(parser, limits);
  if (refused) return {{}, std::move(refused)};
  return {request_of(parser), {}};
}

void check_refused(const WebResponse& response) {
  constexpr std::array known{400U, 405U, 413U, 414U, 431U};
  must(std::ranges::find(known, response.status) != known.end(), "a refusal is one of a few");
}

void check_request(const WebRequest& request, const WebLimits& limits) {
  must(request.path.starts_with('/') && request.path.find('?') == std::string::npos, "a path is a path");
  must(request.path.size() + request.query.size() <= limits.url_bytes, "no longer URL than allowed");
  must(request.path.find_first_of(" \r\n") == std::string::npos, "a path is one word");
  must(request.accept.size() + request.accept_encoding.size() <= limits.header_bytes, "headers are bounded");
  auto printed = "GET " + request.path + (request.query.empty() ? "" : "?" + request.query) +
                 " HTTP/1.1\r\nHost: a\r\nAccept: " + request.accept + "\r\n\r\n";
  if (printed.size() > limits.header_bytes) return;
  const auto again = read(printed, printed.size(), limits);
  must(again.request && again.request->path == request.path && again.request->query == request.query &&
           again.request->accept == request.accept,
       "a request survives being printed");
}

void check_answer(WebResponse response) {
  const auto text = text_of(std::move(response), {}, true, true);
  must(text.starts_with("HTTP/1.1 ") && text.ends_with("\r\n\r\n"), "an answer begins and ends as it should");
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto line = fuzz::take_until(rest, '\n');
    must(line.ends_with('\r') && line.find('\r') == line.size() - 1, "a field is one line");
  }
}

/// Whatever stands around a name of ours makes it no name of ours.
void check_host(const std::string& host) {
  static const AllowedHosts ours{{"192.0.2.1", 9848}, "https://ops.example.com/healthd", {}};
  const auto verdict = ours.judge(host);
  auto other = host;
  for (char& letter : other)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  must(ours.judge(other) == verdict, "case does not matter in a host");
  if (verdict != AllowedHosts::Verdict::fine) return;
  const auto fits = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           std::string_view{".:[]-_"}.find(static_cast<char>(c)) != std::string_view::npos;
  };
  must(std::ranges::all_of(other, fits), "a host that is let in is a name or an address");
  must(other.find("LOCALHOST") != std::string::npos || other.find("IP6-LOCALHOST") != std::string::npos ||
           other.find("OPS.EXAMPLE.COM") != std::string::npos ||
           other.find_first_not_of("0123456789ABCDEF.:[]") == std::string::npos,
       "a host that is let in is one of ours");
}

void check(std::string_view bytes, const WebLimits& limits) {
  for (const std::size_t step : {bytes.size() + 1, std::size_t{1}}) {
    auto reading = read(bytes, step, limits);
    if (reading.request) check_request(*reading.request, limits);
    if (reading.request && reading.request->host) check_host(*reading.request->host);
    if (!reading.refused) continue;
    check_refused(*reading.refused);
    check_answer(std::move(*reading.refused));
  }
}

}  // namespace
}  // namespace healthd

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = healthd::fuzz::as_text(data, size);
  healthd::check_host(std::string{bytes});
  healthd::check(bytes, {});
  healthd::WebLimits tight;
  tight.header_bytes = 128;
  tight.url_bytes = 16;
  healthd::check(bytes, tight);
  return 0;
}
