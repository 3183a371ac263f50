// Between Beast's messages and ours, for http_server.cpp alone.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <string>

#include "exporters/http_server.hpp"

namespace healthd {

using HttpParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

/// One line of plain text.
WebResponse text_response(unsigned status, std::string line);

/// The answer to a request that could not be read; nullopt where the peer is gone or was too slow to be
/// answered.
std::optional<WebResponse> answer_to_unreadable(const boost::system::error_code& error);

/// The answer to a request that no handler needs to see; nullopt where it is fine.
std::optional<WebResponse> refusal(HttpParser& parser, const WebLimits& limits);

WebRequest request_of(const HttpParser& parser);

/// The answer as it is sent, with the fields that keep a browser safe; `over` goes over those, and the
/// response's own over all.
std::string text_of(WebResponse response, const WebFields& over, bool keep_alive, bool header_only);

}  // namespace healthd
