#include "probes/net/client_list.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;

namespace {

/// As Redis 7.0 says it.
constexpr auto of_redis_7 =
    "id=10 addr=127.0.0.1:55592 laddr=127.0.0.1:6379 fd=17 name= age=1 idle=1 flags=b db=0 sub=0 psub=0 "
    "ssub=0 "
    "multi=-1 qbuf=0 qbuf-free=20474 argv-mem=239 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 "
    "tot-mem=22559 "
    "events=r cmd=brpop user=default redir=-1 resp=2\n"
    "id=6 addr=127.0.0.1:55568 laddr=127.0.0.1:6379 fd=13 name=superset-healthd age=2 idle=2 flags=b db=0 "
    "sub=0 "
    "psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=20474 argv-mem=27 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 "
    "tot-mem=22323 events=r cmd=brpop user=default redir=-1 resp=2\n"
    "id=3 addr=[::1]:45470 laddr=[::1]:6379 fd=9 name= age=9 idle=5 flags=N db=3 sub=0 psub=0 ssub=0 "
    "multi=-1 "
    "qbuf=0 qbuf-free=20474 argv-mem=12 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=22308 events=r "
    "cmd=BRPOP user=default redir=-1 resp=2\n"
    "id=4 addr=/run/redis.sock:0 laddr=/run/redis.sock:0 fd=11 name= age=2 idle=2 flags=bU db=0 sub=0 psub=0 "
    "ssub=0 "
    "multi=-1 qbuf=0 qbuf-free=20474 argv-mem=7 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 tot-mem=22303 "
    "events=r cmd=blpop user=default redir=-1 resp=2\n"
    "id=20 addr=127.0.0.1:55690 laddr=127.0.0.1:6379 fd=27 name= age=0 idle=0 flags=N db=0 sub=0 psub=0 "
    "ssub=0 "
    "multi=-1 qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=16384 rbp=16384 obl=0 oll=0 omem=0 "
    "tot-mem=37658 "
    "events=r cmd=client|list user=default redir=-1 resp=2\n";

}  // namespace

TEST_CASE("each connection is read with its address, its database and what it does") {
  const auto peers = parse_client_list(of_redis_7);
  REQUIRE(peers.size() == 5);
  CHECK(peers[0].id == 10);
  CHECK(peers[0].host == "127.0.0.1");
  CHECK(peers[0].blocked);
  CHECK(peers[1].name == "superset-healthd");
  CHECK(peers[2].host == "::1");
  CHECK(peers[2].database == 3);
  CHECK(peers[2].idle == 5);
  CHECK(peers[2].command == "brpop");
  CHECK_FALSE(peers[2].blocked);
  CHECK(peers[3].host == "/run/redis.sock");
  CHECK(peers[3].blocked);
  CHECK(peers[4].command == "client|list");
}

TEST_CASE("whoever pops tasks is a consumer, and we are not") {
  const auto consumers = consumers_of(parse_client_list(of_redis_7));
  REQUIRE(consumers.size() == 2);
  CHECK(consumers[0].id == 10);
  CHECK(consumers[1].id == 3);
}

TEST_CASE("a connection that a newer Redis describes with more words is read all the same") {
  const auto peers =
      parse_client_list("id=1 future=a=b addr=10.0.0.1:1 idle=0 db=0 cmd=lpush lib-name=redis-py x\r\n");
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].host == "10.0.0.1");
  CHECK(peers[0].command == "lpush");
  CHECK(peers[0].name.empty());
}

TEST_CASE("a server whose clock was set back leaves no negative rest") {
  CHECK(parse_client_list("id=1 idle=-3600 db=0").at(0).idle == 0);
}

TEST_CASE("a line without its numbers is left out, and the others are kept") {
  const std::string good = "id=5 idle=1 db=0 cmd=brpop\n";
  for (const std::string odd :
       {"", "\n\n", "id=1 idle=1", "id=1 db=1", "idle=1 db=1", "id= idle=1 db=1", "id=x idle=1 db=1",
        "id=1 idle=99999999999999999999 db=0", "id=1 idle=1 db=2147483648", "id=1 idle=1.5 db=0", "=",
        " = = ", "id=1\tidle=1\tdb=0", "\xff\xfe"}) {
    const auto peers = parse_client_list(odd + "\n" + good + odd);
    REQUIRE(peers.size() == 1);
    CHECK(peers[0].id == 5);
  }
}

TEST_CASE("odd addresses are no address") {
  for (const auto* address : {"", ":", ":0", "[", "[]:", "]"}) {
    const auto peers = parse_client_list("id=1 idle=1 db=0 addr=" + std::string{address});
    REQUIRE(peers.size() == 1);
    CHECK(peers[0].host.size() <= 1);
  }
}
