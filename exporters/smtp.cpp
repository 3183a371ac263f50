#include "exporters/smtp.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>

namespace healthd {
namespace {

struct Lists {
  curl_slist* to = nullptr;
  curl_slist* resolved = nullptr;
  Lists() = default;
  Lists(const Lists&) = delete;
  Lists& operator=(const Lists&) = delete;
  ~Lists() {
    curl_slist_free_all(to);
    curl_slist_free_all(resolved);
  }
};

struct Upload {
  std::string_view left;
  const std::atomic<bool>& stop;
};

std::size_t read_some(char* into, std::size_t size, std::size_t count, void* upload) {
  auto& left = static_cast<Upload*>(upload)->left;
  const auto length = std::min(size * count, left.size());
  std::memcpy(into, left.data(), length);
  left.remove_prefix(length);
  return length;
}

int keep_going(void* upload, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Upload*>(upload)->stop ? 1 : 0;
}

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

bool is_literal(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

const std::string& verified_name(const Smarthost& host) {
  return host.server_name.empty() ? host.host : host.server_name;
}

/// The name in the URL is the one that is verified; where it leads is said by `resolved`.
std::string url_of(const Smarthost& host) {
  const auto& name = verified_name(host);
  return (host.implicit_tls ? "smtps://" : "smtp://") + bracketed(name) + ":" + std::to_string(host.port) +
         "/" + host.hello;
}

std::string resolve_line(const Smarthost& host, const std::vector<boost::asio::ip::address>& addresses) {
  const auto& name = verified_name(host);
  std::string line = name + ":" + std::to_string(host.port) + ":";
  for (std::size_t i = 0; i < addresses.size(); ++i)
    line += (i > 0 ? "," : "") + bracketed(addresses[i].to_string());
  return line;
}

/// Errors for which the same mail, sent again at once, fares no better.
bool is_final(CURLcode code) {
  return code == CURLE_USE_SSL_FAILED || code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_LOGIN_DENIED || code == CURLE_SSL_CACERT_BADFILE;
}

Delivery judge(CURLcode code, long answer, bool all_uploaded) {
  Delivery delivery;
  if (code == CURLE_OK) {
    delivery.kind = Delivery::Kind::sent;
    return delivery;
  }
  delivery.detail = curl_easy_strerror(code);
  if (answer >= 400) delivery.detail += " (SMTP " + std::to_string(answer) + ")";
  // After 4xx and 5xx the server has said that it did not take it.
  delivery.may_have_arrived = all_uploaded && answer < 400;
  const bool refused = is_final(code) || (answer >= 500 && answer < 600);
  delivery.kind = refused ? Delivery::Kind::rejected : Delivery::Kind::retry;
  if (code == CURLE_OPERATION_TIMEDOUT)
    delivery.reason = "timeout";
  else
    delivery.reason = refused || answer >= 400 ? "rejected" : "connect";
  return delivery;
}

void set_tls(CURL* curl, const Smarthost& host) {
  const bool needed = host.implicit_tls || host.starttls;
  curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(needed ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, host.verify ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, host.verify ? 2L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!host.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, host.ca_file.c_str());
  if (host.cert_file.empty()) return;
  curl_easy_setopt(curl, CURLOPT_SSLCERT, host.cert_file.c_str());
  curl_easy_setopt(curl, CURLOPT_SSLKEY, host.key_file.c_str());
}

}  // namespace

Delivery send_mail(const Smarthost& host, const std::vector<boost::asio::ip::address>& addresses,
                   const Envelope& envelope, std::chrono::milliseconds timeout,
                   const std::atomic<bool>& stop) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{curl_easy_init(), curl_easy_cleanup};
  CURL* curl = handle.get();
  if (curl == nullptr) return {Delivery::Kind::retry, "connect", "out of memory", {}, false, ""};

  Lists lists;
  for (const auto& to : envelope.to) lists.to = curl_slist_append(lists.to, ("<" + to + ">").c_str());
  if (!is_literal(verified_name(host)))
    lists.resolved = curl_slist_append(nullptr, resolve_line(host, addresses).c_str());
  Upload upload{envelope.text, stop};
  const auto url = url_of(host), from = "<" + envelope.from + ">",
             password = std::string{host.password.reveal()};

  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_RESOLVE, lists.resolved);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<long long>(timeout.count(), 1)));
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, keep_going);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &upload);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_some);
  curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, lists.to);
  set_tls(curl, host);
  if (!host.username.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, host.username.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, password.c_str());
  }
  auto code = curl_easy_perform(curl);
  // A certificate with a wrong signature is a failure of the handshake to curl, and of the verification to
  // us.
  long verified = 0;
  curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verified);
  if (code == CURLE_SSL_CONNECT_ERROR && verified != 0) code = CURLE_PEER_FAILED_VERIFICATION;
  long answer = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
  return judge(code, answer, upload.left.empty());
}

}  // namespace healthd
