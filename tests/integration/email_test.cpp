// The notifier against a real mail server: what it sends is one well-formed mail, over TLS, whatever it says.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/exporters/notifier_bench.hpp"
#include "tests/unit/exporters/secret_file.hpp"

namespace healthd::test {
namespace {

using nlohmann::json;

class MailServer {
 public:
  explicit MailServer(const std::vector<std::string>& more = {}) : port_{free_port()} {
    Command command;
    command.argv = {"/usr/bin/python3", "-B", HEALTHD_SOURCE_DIR "/tests/integration/smtp_server.py",
                    "--port=" + std::to_string(port_), "--folder=" + folder_.path().string()};
    command.argv.insert(command.argv.end(), more.begin(), more.end());
    command.log = folder_.path() / "log";
    process_ = Process{command};
    if (!wait_until([this] { return std::filesystem::exists(folder_.path() / "ready"); }))
      throw std::runtime_error{"the mail server did not start"};
  }

  std::string at() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<json> mails() const {
    std::vector<json> all;
    for (std::size_t i = 0;; ++i) {
      std::ifstream file{folder_.path() / ("mail-" + std::to_string(i) + ".json")};
      if (!file) return all;
      all.push_back(json::parse(file));
    }
  }

 private:
  TempDir folder_;
  std::uint16_t port_;
  Process process_;
};

std::string mail(const std::string& smarthost, const std::string& more) {
  return "to: [ops@example.com, boss@example.com]\nfrom: healthd@example.com\nhello: monitor.example.com\n"
         "smarthost: \"" +
         smarthost + "\"\n" + more;
}
std::string plain(const std::string& smarthost) { return mail(smarthost, "starttls: off\n"); }

/// The values of a header, as often as it is there.
std::vector<std::string> header(const json& mail, const std::string& name) {
  std::vector<std::string> values;
  for (const auto& entry : mail.at("headers"))
    if (entry[0] == name) values.push_back(entry[1]);
  return values;
}

}  // namespace

TEST_CASE("a firing alert becomes a mail with first steps and runbook, and its end a reply to that") {
  const MailServer server;
  NotifierBench bench{make_email, plain(server.at())};
  auto alert = firing();
  alert.annotations["first_steps"] = "1. Look at the log.";
  auto over = alert;
  over.state = AlertState::resolved;
  over.ends_at = std::chrono::system_clock::now();

  REQUIRE(bench.problems().empty());
  REQUIRE(bench.send({alert}).kind == Delivery::Kind::sent);
  REQUIRE(bench.send({alert}).kind == Delivery::Kind::sent);
  REQUIRE(bench.send({over}).kind == Delivery::Kind::sent);

  const auto mails = server.mails();
  REQUIRE(mails.size() == 3);
  CHECK(mails[0]["from"] == "healthd@example.com");
  CHECK(mails[0]["to"] == json{"ops@example.com", "boss@example.com"});
  CHECK(mails[0]["hello"] == "monitor.example.com");
  CHECK(header(mails[0], "Subject").at(0) ==
        "FIRING: PostgresDown (metadata, production): PostgreSQL is down");
  CHECK(header(mails[0], "Auto-Submitted").at(0) == "auto-generated");
  const auto body = mails[0]["body"].get<std::string>();
  for (const auto* part : {"1. Look at the log.", "Runbook: https://ops.example.com/runbooks/pg", "Since: "})
    CHECK(body.find(part) != std::string::npos);
  CHECK(header(mails[0], "Message-ID") == header(mails[1], "Message-ID"));
  CHECK(header(mails[2], "Message-ID") != header(mails[0], "Message-ID"));
  CHECK(header(mails[2], "References") == header(mails[0], "Message-ID"));
}

TEST_CASE("several messages are one mail whose subject counts them") {
  const MailServer server;
  NotifierBench bench{make_email, plain(server.at())};
  REQUIRE(bench.send({firing("A"), firing("B"), resolved("C")}).kind == Delivery::Kind::sent);
  REQUIRE(server.mails().size() == 1);
  CHECK(header(server.mails()[0], "Subject").at(0) == "2 FIRING, 1 RESOLVED in production: A, B, C");
}

TEST_CASE("no text leaves its place: not into a header, not into the conversation") {
  const MailServer server;
  NotifierBench bench{make_email, plain(server.at())};
  const std::string corpus[] = {"x\r\nBcc: evil@example.com",
                                "x\nSubject: other",
                                "x\r\n.\r\nMAIL FROM:<evil@example.com>\r\n",
                                "=?utf-8?B?DQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=",
                                std::string{"nul\0in it", 9},
                                "\xff\xfe broken \xc3",
                                "\xe2\x80\xa8 umlauts \xc3\xa4\xc3\xb6 " + std::string(5000, 'w'),
                                std::string(5000, '.')};
  std::size_t count = 0;
  for (const auto& text : corpus) {
    auto alert = firing();
    for (const auto* name : {"summary", "description", "evidence", "first_steps"})
      alert.annotations[name] = text;
    REQUIRE(bench.tell({{.alert = alert, .note = text}}).at(0).kind == Delivery::Kind::sent);
    const auto mails = server.mails();
    REQUIRE(mails.size() == ++count);
    const auto& mail = mails.back();
    INFO(mail["headers"].dump());
    CHECK(header(mail, "Bcc").empty());
    CHECK(header(mail, "Subject").size() == 1);
    CHECK(header(mail, "Subject").at(0).starts_with("FIRING: PostgresDown"));
    CHECK(mail["headers"].size() == 9);
    CHECK(mail["ascii"] == true);
    CHECK(mail["longest"] <= 78);
    CHECK(mail["bare"] == 0);
    CHECK(mail["from"] == "healthd@example.com");
    CHECK(mail["to"].size() == 2);
  }
}

TEST_CASE("mail goes over verified TLS with a login, and not at all where that cannot be had") {
  const TempDir folder, other;
  Authority authority{folder.path()}, stranger{other.path()};
  const auto files = authority.issue("mail.example.com");
  const MailServer server{{"--certificate=" + files.certificate, "--key=" + files.key, "--auth"}};
  const SecretFile password{"s3cret"}, wrong{"wr0ng"};
  const auto with = [&](const std::string& ca, const std::string& name, const SecretFile& file) {
    return mail(server.at(), "username: healthd\npassword_file: " + file.path() + "\ntls: {ca_file: " + ca +
                                 ", server_name: " + name + "}\n");
  };
  const auto send = [](const std::string& yaml) {
    NotifierBench bench{make_email, yaml};
    REQUIRE(bench.problems().empty());
    return bench.send({firing()}, 5s);
  };

  const auto good = send(with(authority.certificate(), "mail.example.com", password));
  INFO(good.detail);
  REQUIRE(good.kind == Delivery::Kind::sent);
  REQUIRE(server.mails().size() == 1);
  CHECK(server.mails()[0]["tls"] == true);
  CHECK(server.mails()[0]["login"] == true);

  CHECK(send(with(stranger.certificate(), "mail.example.com", password)).kind == Delivery::Kind::rejected);
  CHECK(send(with(authority.certificate(), "other.example.com", password)).kind == Delivery::Kind::rejected);
  const auto refused = send(with(authority.certificate(), "mail.example.com", wrong));
  CHECK(refused.kind == Delivery::Kind::rejected);
  CHECK(refused.detail.find("wr0ng") == std::string::npos);
  CHECK(server.mails().size() == 1);

  const MailServer without;
  CHECK(send(mail(without.at(), "")).kind == Delivery::Kind::rejected);
  CHECK(without.mails().empty());
}

TEST_CASE("a mail server that puts us off is tried again, one that refuses is not, one that hangs is left") {
  const MailServer busy{{"--answer=451 try later"}}, refusing{{"--answer=550 no"}};
  const auto send = [](const std::string& at) {
    return NotifierBench{make_email, plain(at)}.send({firing()}, 2s);
  };
  CHECK(send(busy.at()).kind == Delivery::Kind::retry);
  CHECK(send(refusing.at()).kind == Delivery::Kind::rejected);
  CHECK(send("127.0.0.1:" + std::to_string(free_port())).reason == "connect");

  boost::asio::io_context loop;
  boost::asio::ip::tcp::acceptor silent{loop, {boost::asio::ip::address_v4::loopback(), 0}};
  const auto began = std::chrono::steady_clock::now();
  const auto late = send("127.0.0.1:" + std::to_string(silent.local_endpoint().port()));
  CHECK(late.kind == Delivery::Kind::retry);
  CHECK(late.reason == "timeout");
  CHECK(std::chrono::steady_clock::now() - began < 4s);
}

TEST_CASE("a mail receiver that would leak or cannot work is a configuration error") {
  const SecretFile password{"s3cret"};
  const auto login = "username: me\npassword_file: " + password.path() + "\n";
  for (const auto& more : {std::string{"starttls: off\n"} + login, std::string{"username: me\n"},
                           std::string{"hello: \"a b\"\n"}, std::string{"starttls: maybe\n"}}) {
    INFO(more);
    CHECK(NotifierBench{make_email, mail("mail.example.com:587", more)}.problems().size() == 1);
  }
  for (const auto* host : {"mail.example.com:0", "mail.example.com:x", "a/b:25"}) {
    INFO(host);
    CHECK(NotifierBench{make_email, mail(host, "")}.problems().size() == 1);
  }
  const std::string injected =
      "to: [\"ops@example.com\\r\\nBcc: evil@example.com\"]\nfrom: h@example.com\nsmarthost: mail:25\n";
  CHECK(NotifierBench{make_email, injected}.problems().size() == 1);
}

}  // namespace healthd::test
