#include "exporters/web_logins.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch_test_macros.hpp>

#include "probes/net/base64.hpp"
#include "tests/support/run.hpp"

using namespace healthd;
using Verdict = WebLogins::Verdict;

namespace {

const std::string hash = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const auto here = asio::ip::make_address("127.0.0.1");

std::string basic(const std::string& pair) { return "Basic " + base64_encode(pair); }

struct Desk {
  explicit Desk(LoginLimits limits = {})
      : logins{hashers.get_executor(), [this](const auto& from) { throttled.push_back(from); }, limits} {}

  Verdict judge(const std::string& authorization, asio::ip::address from = here) {
    auto work = logins.judge(users, authorization, from);
    return test::run(loop, std::move(work));
  }

  asio::io_context loop{1};
  asio::thread_pool hashers{1};
  std::vector<asio::ip::address> throttled;
  std::shared_ptr<const WebUsers> users =
      std::make_shared<const WebUsers>(WebUsers{{"alice", hash}, {"bob", "$2a$05" + hash.substr(6)}});
  WebLogins logins;
};

}  // namespace

TEST_CASE("the right password is admitted, and again from memory") {
  Desk desk;
  CHECK(desk.judge(basic("alice:correct horse")) == Verdict::admitted);
  CHECK(desk.judge(basic("alice:correct horse")) == Verdict::admitted);
  CHECK(desk.judge("bAsIc " + base64_encode("alice:correct horse")) == Verdict::admitted);
}

TEST_CASE("whatever is not the right pair is refused") {
  Desk desk{{.wrong = 1000}};
  const std::string with_nul{"alice:correct horse\0x", 21};
  for (const std::string& authorization :
       {std::string{}, std::string{"Basic"}, std::string{"Basic !!!"}, basic("alice"), basic(""), basic(":"),
        basic("alice:"), basic("alice:wrong"), basic("nobody:correct horse"), basic("ALICE:correct horse"),
        basic("alice:correct horse "), basic(with_nul), basic("alice:" + hash), "Bearer " + hash,
        basic("alice:" + std::string(4000, 'x')), basic("bob:correct horse")}) {
    INFO(authorization);
    CHECK(desk.judge(authorization) == Verdict::refused);
  }
}

TEST_CASE("a login that was right counts no more once the hash has changed") {
  Desk desk;
  CHECK(desk.judge(basic("alice:correct horse")) == Verdict::admitted);
  desk.users = std::make_shared<const WebUsers>(WebUsers{{"alice", "$2b$04$" + std::string(53, 'a')}});
  CHECK(desk.judge(basic("alice:correct horse")) == Verdict::refused);
  desk.users = std::make_shared<const WebUsers>();
  CHECK(desk.judge(basic("alice:correct horse")) == Verdict::refused);
}

TEST_CASE("who fails too often waits, alone, and is told of once; a login that is known stays good") {
  Desk desk{{.wrong = 3, .each = std::chrono::hours{1}}};
  CHECK(desk.judge(basic("alice:correct horse")) == Verdict::admitted);
  for (int i = 0; i < 3; ++i) CHECK(desk.judge(basic("alice:" + std::to_string(i))) == Verdict::refused);
  CHECK(desk.judge(basic("alice:4")) == Verdict::throttled);
  CHECK(desk.judge(basic("nobody:5")) == Verdict::throttled);
  CHECK(desk.judge(basic("alice:correct horse")) == Verdict::admitted);
  CHECK(desk.throttled == std::vector{here});
  CHECK(desk.judge(basic("alice:4"), asio::ip::make_address("127.0.0.2")) == Verdict::refused);
}

TEST_CASE("a right login costs no try, and tries come back with time") {
  Desk desk{{.wrong = 1, .each = std::chrono::seconds{0}}};
  for (int i = 0; i < 5; ++i) CHECK(desk.judge(basic("alice:" + std::to_string(i))) == Verdict::refused);
  Desk strict{{.wrong = 1, .each = std::chrono::hours{1}, .right = 0}};
  for (int i = 0; i < 3; ++i) CHECK(strict.judge(basic("alice:correct horse")) == Verdict::admitted);
}

TEST_CASE("the table of addresses is bounded") {
  Desk desk{{.wrong = 1, .each = std::chrono::hours{1}, .addresses = 2}};
  for (const char* from : {"192.0.2.1", "192.0.2.2", "192.0.2.3"})
    CHECK(desk.judge(basic("alice:x"), asio::ip::make_address(from)) == Verdict::refused);
  CHECK(desk.judge(basic("alice:x"), asio::ip::make_address("192.0.2.1")) == Verdict::refused);
  CHECK(desk.judge(basic("alice:x"), asio::ip::make_address("192.0.2.3")) == Verdict::throttled);
}

TEST_CASE("only so many checks run or wait; the next is turned away at once") {
  Desk desk{{.checks = 2}};
  std::vector<Verdict> verdicts;
  for (int i = 0; i < 5; ++i) {
    const auto note = [&verdicts](std::exception_ptr, Verdict verdict) { verdicts.push_back(verdict); };
    asio::co_spawn(desk.loop, desk.logins.judge(desk.users, basic("alice:" + std::to_string(i)), here), note);
  }
  desk.loop.run();
  CHECK(std::ranges::count(verdicts, Verdict::busy) == 3);
  CHECK(std::ranges::count(verdicts, Verdict::refused) == 2);
}

TEST_CASE("a user that there is not, and one of a cheaper hash, take as long as the dearest") {
  const Secret password{"wrong"};
  const auto spent = [&password](const std::string& of, int cost) {
    auto least = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      CHECK_FALSE(check_password(password, of, cost));
      least = std::min(least, std::chrono::steady_clock::now() - begin);
    }
    return std::chrono::duration<double>(least).count();
  };
  const auto dear = spent("$2b$09" + hash.substr(6), 9), cheap = spent(hash, 9), nobody = spent("", 9);
  INFO(dear << " s for the dearest, " << cheap << " s for a cheap one, " << nobody << " s for nobody");
  CHECK(cheap > dear * 0.6);
  CHECK(cheap < dear * 1.6);
  CHECK(nobody > dear * 0.6);
  CHECK(nobody < dear * 1.6);
}
