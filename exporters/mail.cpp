#include "exporters/mail.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "exporters/message_text.hpp"
#include "probes/net/base64.hpp"

namespace healthd {
namespace {

constexpr std::size_t most_subject_bytes = 400;
constexpr std::size_t encoded_word_bytes = 42;  ///< become 56 characters, and 68 with what is around them
constexpr std::size_t base64_line = 76;
constexpr std::size_t plain_subject = 65;  ///< no need to fold

bool is_plain(char c) { return c >= 0x20 && c < 0x7f; }
bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

/// RFC 2047; a word never holds half a character.
std::string encode_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto size = std::min(text.size(), encoded_word_bytes);
    while (size < text.size() && size > 1 && !begins_character(text[size])) --size;
    if (!out.empty()) out += "\r\n ";
    out += "=?utf-8?B?" + base64_encode(text.substr(0, size)) + "?=";
    text.remove_prefix(size);
  }
  return out;
}

std::string subject_value(std::string_view subject) {
  const auto line = one_line(subject, most_subject_bytes);
  const bool plain = line.size() <= plain_subject && std::ranges::all_of(line, is_plain) &&
                     line.find("=?") == std::string::npos;
  return plain ? line : encode_words(line);
}

/// In English whatever the locale; strftime's names are not.
std::string date_value(std::chrono::system_clock::time_point when) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %d %02d:%02d:%02d +0000",
                days.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                months.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

/// Addresses one a line, so that none makes it too long.
std::string address_list(const std::vector<std::string>& addresses) {
  std::string list;
  for (const auto& address : addresses) list += (list.empty() ? "" : ",\r\n ") + address;
  return list;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    if (c != '\r') out += c;
  }
  return out;
}

}  // namespace

std::string mail_text(const Mail& mail) {
  std::string out;
  const auto header = [&out](const char* name, const std::string& value) {
    out += std::string{name} + ": " + value + "\r\n";
  };
  header("Date", date_value(mail.date));
  header("From", mail.from);
  header("To", address_list(mail.to));
  header("Subject", subject_value(mail.subject));
  header("Message-ID", "\r\n " + mail.message_id);
  if (!mail.references.empty()) {
    header("In-Reply-To", "\r\n " + mail.references);
    header("References", "\r\n " + mail.references);
  }
  header("Auto-Submitted", "auto-generated");
  header("MIME-Version", "1.0");
  header("Content-Type", "text/plain; charset=utf-8");
  header("Content-Transfer-Encoding", "base64");
  out += "\r\n";
  const auto body = base64_encode(with_crlf(mail.body));
  for (std::size_t at = 0; at < body.size(); at += base64_line) out += body.substr(at, base64_line) + "\r\n";
  return out;
}

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  const auto allowed = [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view{"\"<>()[]\\,;:"}.find(c) == std::string_view::npos;
  };
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && at == text.rfind('@') &&
         text.size() <= 254 && std::ranges::all_of(text, allowed);
}

}  // namespace healthd
