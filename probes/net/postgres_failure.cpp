// What PostgreSQL and libpq say, as closed reasons. The server's own text may be in any language and, before
// TLS has been verified, from anybody: so codes decide, and text is shown only after it has been cleaned.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <system_error>

#include "probes/net/postgres.hpp"

namespace healthd {
namespace {

constexpr std::size_t detail_bytes = 256;

struct StateMeaning {
  std::string_view prefix;  ///< of the SQLSTATE; the first that fits holds
  Reason reason;
  std::string_view text;
};

constexpr StateMeaning state_meanings[] = {
    {"53300", Reason::too_many_connections, "no connection slot is free for this role"},
    {"53200", Reason::oom, "the server is out of memory"},
    {"57P03", Reason::starting, "the server is starting, stopping or recovering"},
    {"57014", Reason::timeout, "the statement was cancelled by its time limit"},
    {"55P03", Reason::timeout, "a lock was not to be had in time"},
    {"57P04", Reason::wrong_database, "the database was dropped"},
    {"57P", Reason::reset, "the server ended the session"},
    {"25P0", Reason::reset, "the server ended the idle session"},
    {"28", Reason::auth, "the server refused the login"},
    {"3D000", Reason::wrong_database, "the database does not exist"},
    {"25006", Reason::read_only, "the server is read-only"},
    {"42501", Reason::permission, "permission denied"},
    {"08P01", Reason::protocol, "protocol violation"},
    {"08", Reason::reset, "the connection failed"},
    {"", Reason::query_error, "the server reported an error"},
};

/// Said of a handshake that the server ended as well as of a session that it ended later.
constexpr std::string_view tls_cut = "SSL SYSCALL error: EOF detected";

struct TextMeaning {
  std::string text;
  Reason reason;
};

/// libpq writes the system's own words for an errno, so the table asks the system for them.
const std::vector<TextMeaning>& text_meanings() {
  const auto words = [](int error) { return std::generic_category().message(error); };
  static const std::vector<TextMeaning> meanings{
      {words(ECONNREFUSED), Reason::connect_refused},
      {words(ENOENT), Reason::connect_refused},  // a Unix socket that nobody made
      {words(ETIMEDOUT), Reason::connect_timeout},
      {words(EAGAIN), Reason::connect_timeout},  // a Unix socket whose backlog is full
      {words(EHOSTUNREACH), Reason::unreachable},
      {words(ENETUNREACH), Reason::unreachable},
      {words(EACCES), Reason::permission},
      {words(ECONNRESET), Reason::reset},
      {words(EPIPE), Reason::reset},
      {"server closed the connection", Reason::reset},
      {"SSL connection has been closed", Reason::reset},
      {std::string{tls_cut}, Reason::reset},
      {"server certificate for", Reason::tls_hostname},
      {"certificate verify failed", Reason::tls_untrusted},
      {"root certificate", Reason::tls_untrusted},
      {"invalid response to SSL", Reason::protocol},
      {"SSL", Reason::tls_handshake},
      {"password", Reason::auth},
      {"authentication method", Reason::auth},
      {"SASL", Reason::auth},
      {"SCRAM", Reason::auth},
      // Our own shortage; last, for what another address said tells more.
      {words(EMFILE), Reason::internal},
      {words(ENFILE), Reason::internal},
      {words(ENOBUFS), Reason::internal},
      {words(ENOMEM), Reason::internal},
      {words(EADDRNOTAVAIL), Reason::internal},
      {"out of memory", Reason::internal},
  };
  return meanings;
}

/// One line of plain ASCII: raw bytes of a server must reach neither a log nor a page.
std::string cleaned(std::string_view text) {
  std::string line{text.substr(0, detail_bytes)};
  std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  std::ranges::replace_if(line, [](unsigned char c) { return c >= 0x80; }, '?');
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

struct Limit {
  std::string_view routine;
  std::string_view text;
};

/// Whose limit a 53300 is about tells only the routine of the server that raised it: its name is the same in
/// every language.
constexpr Limit limits[] = {
    {"InitializeSessionUserId,", "the monitor's role has as many connections as its CONNECTION LIMIT allows"},
    {"CheckMyDatabase,", "the database has as many connections as its CONNECTION LIMIT allows"},
};

Failure no_slot(std::string_view text) {
  for (const auto& limit : limits)
    if (text.find(limit.routine) != std::string_view::npos)
      return {Reason::too_many_connections, std::string{limit.text} + " (SQLSTATE 53300)"};
  return pg_failure("53300", "");
}

bool is_sqlstate(std::string_view word) {
  const auto letter = [](unsigned char c) { return std::isdigit(c) != 0 || std::isupper(c) != 0; };
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  return word.size() == 5 && std::ranges::all_of(word, letter) && std::ranges::any_of(word, digit);
}

/// A server's error begins `FATAL:  53300: ...` with libpq's longest verbosity and is `FATAL:  53300` with
/// its shortest.
std::string_view sqlstate_in(std::string_view text) {
  constexpr std::size_t length = 5;
  for (auto at = text.find(": "); at != std::string_view::npos; at = text.find(": ", at + 1)) {
    const auto begin = text.find_first_not_of(' ', at + 1);
    if (begin == std::string_view::npos) break;
    const auto code = text.substr(begin, length);
    const auto after = text.substr(std::min(begin + length, text.size()), 1);
    if (is_sqlstate(code) && (after.empty() || after == ":" || after == "\n")) return code;
  }
  return {};
}

}  // namespace

Failure pg_failure(std::string_view sqlstate, std::string_view message) {
  const auto fits = [&](const StateMeaning& meaning) { return sqlstate.starts_with(meaning.prefix); };
  const auto& meaning = *std::ranges::find_if(state_meanings, fits);
  std::string detail{meaning.text};
  if (!message.empty()) detail += ": " + cleaned(message);
  return {meaning.reason, cleaned(detail) + " (SQLSTATE " + cleaned(sqlstate) + ")"};
}

Failure pg_failure_from_text(std::string_view text, Phase phase) {
  const auto sqlstate = sqlstate_in(text);
  if (sqlstate == "53300") return no_slot(text);
  if (!sqlstate.empty()) return pg_failure(sqlstate, "");
  constexpr std::string_view preamble_end = " failed: ";  // of "connection to server at ... failed: "
  const auto line = text.substr(0, text.find('\n'));
  const auto preamble = line.find(preamble_end);
  const auto words = preamble == std::string_view::npos ? line : line.substr(preamble + preamble_end.size());
  const auto fits = [&](const TextMeaning& meaning) {
    return text.find(meaning.text) != std::string_view::npos;
  };
  const auto found = std::ranges::find_if(text_meanings(), fits);
  auto reason = found == text_meanings().end() ? Reason::protocol : found->reason;
  if (phase == Phase::tls && text.find(tls_cut) != std::string_view::npos) reason = Reason::tls_handshake;
  return {reason, cleaned(words)};
}

}  // namespace healthd
