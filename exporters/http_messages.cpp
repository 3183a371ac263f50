#include "exporters/http_messages.hpp"

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
  return out;
}

HttpMessage message_of(WebResponse response, bool keep_alive) {
  HttpMessage message{static_cast<http::status>(response.status), 11, std::move(response.body)};
  message.set(http::field::content_type, response.content_type);
  message.set("Content-Security-Policy", response.live ? live_policy : policy);
  for (const auto& [name, value] : fixed_fields) message.set(name, value);
  if (response.status == 405) message.set(http::field::allow, "GET, HEAD");
  message.keep_alive(keep_alive);
  message.prepare_payload();
  return message;
}

}  // namespace healthd
