#include "exporters/http_messages.hpp"

#include <iterator>
#include <string_view>
#include <utility>

namespace healthd {
namespace {

namespace http = boost::beast::http;

constexpr std::pair<std::string_view, std::string_view> fixed_fields[]{
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Cross-Origin-Resource-Policy", "same-origin"}};

constexpr std::string_view policy =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";
/// A page that keeps itself new runs our one script, which asks us alone.
constexpr std::string_view live_policy =
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; base-uri "
    "'none'; "
    "form-action 'none'; frame-ancestors 'none'";

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

WebResponse text_response(unsigned status, std::string line) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(line) + "\n"};
}

std::optional<WebResponse> answer_to_unreadable(const boost::system::error_code& error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return text_response(431, "The request's header is too large.");
  }
  const bool malformed = error.category() == make_error_code(http::error::bad_target).category();
  return malformed ? std::optional{text_response(400, "This is not an HTTP request.")} : std::nullopt;
}

std::optional<WebResponse> refusal(HttpParser& parser, const WebLimits& limits) {
  const auto& request = parser.get();
  const auto method = request.method();
  const auto target = request.target();
  if (method != http::verb::get && method != http::verb::head) {
    return text_response(405, "Only GET and HEAD are served here.");
  }
  if (parser.chunked() || parser.content_length().value_or(0) > 0) {
    return text_response(413, "A request has no body here.");
  }
  if (target.size() > limits.url_bytes) return text_response(414, "The URL is too long.");
  if (!target.starts_with('/')) return text_response(400, "The request's target must be a path.");
  if (request.version() == 11 && request.count(http::field::host) != 1) {
    return text_response(400, "A request needs one Host field.");
  }
  if (request.count(http::field::host) > 1 || request.count(http::field::authorization) > 1)
    return text_response(400, "A field stands there twice.");
  const auto fields = static_cast<std::size_t>(std::distance(request.begin(), request.end()));
  if (fields > limits.fields) return text_response(431, "The request has too many header fields.");
  return std::nullopt;
}

WebRequest request_of(const HttpParser& parser) {
  const auto& request = parser.get();
  const std::string target = text(request.target());
  const auto question = target.find('?');
  WebRequest out;
  out.path = target.substr(0, question);
  if (question != std::string::npos) out.query = target.substr(question + 1);
  out.accept = text(request[http::field::accept]);
  out.accept_encoding = text(request[http::field::accept_encoding]);
  if (request.count(http::field::host) > 0) out.host = text(request[http::field::host]);
  out.authorization = text(request[http::field::authorization]);
  return out;
}

std::string text_of(WebResponse response, const WebFields& over, bool keep_alive, bool header_only) {
  http::response<http::empty_body> message{static_cast<http::status>(response.status), 11};
  message.set(http::field::content_type, response.content_type);
  message.set("Content-Security-Policy", response.live ? live_policy : policy);
  for (const auto& [name, value] : fixed_fields) message.set(name, value);
  for (const auto& [name, value] : over) message.set(name, value);
  for (const auto& [name, value] : response.fields) message.set(name, value);
  if (response.status == 405) message.set(http::field::allow, "GET, HEAD");
  message.keep_alive(keep_alive);
  message.content_length(response.body.size());

  std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ' + text(message.reason()) + "\r\n";
  for (const auto& field : message) out += text(field.name_string()) + ": " + text(field.value()) + "\r\n";
  out += "\r\n";
  if (!header_only) out += response.body;
  return out;
}

}  // namespace healthd
