// A mail as text that any server takes: 7 bit, short lines, and no way for a foreign text to become a header.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace healthd {

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string subject;     ///< UTF-8
  std::string message_id;  ///< in angle brackets
  std::string references;  ///< of the mail that this one goes on from; "" for none
  std::chrono::system_clock::time_point date;
  std::string body;  ///< UTF-8, lines end with a line feed
};

/// RFC 5322 with a base64 body; every line ends with CRLF and is at most 78 bytes.
std::string mail_text(const Mail& mail);

/// `local@domain` of plain ASCII, at most 254 bytes: nothing that could leave a header or an SMTP command.
bool is_mail_address(std::string_view text);

}  // namespace healthd
