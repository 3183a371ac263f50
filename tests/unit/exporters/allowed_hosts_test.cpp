#include "exporters/allowed_hosts.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;

namespace {

using Verdict = AllowedHosts::Verdict;

AllowedHosts hosts(const char* listening, std::vector<std::string> more = {}) {
  return AllowedHosts{*parse_listen_address(listening), "https://Ops.Example.com:8443/healthd", more};
}

}  // namespace

TEST_CASE("loopback names, the listen address and the host of the external URL are ours, in any spelling") {
  const auto ours = hosts("192.0.2.7:9848", {"monitor.internal", "2001:db8::1"});
  for (const char* host : {"localhost",
                           "localhost:9848",
                           "LOCALHOST.",
                           "ip6-localhost",
                           "healthd.localhost",
                           "127.0.0.1",
                           "127.0.0.1:1",
                           "127.9.9.9",
                           "[::1]",
                           "[::1]:9848",
                           "[0:0:0:0:0:0:0:1]",
                           "[::ffff:127.0.0.1]",
                           "192.0.2.7",
                           "192.0.2.7:443",
                           "ops.example.com",
                           "OPS.example.COM:8443",
                           "ops.example.com.",
                           "monitor.internal",
                           "Monitor.Internal:9848",
                           "[2001:db8::1]",
                           "[2001:DB8:0::1]:9848"}) {
    INFO(host);
    CHECK(ours.judge(host) == Verdict::fine);
  }
}

TEST_CASE("other names and addresses are foreign") {
  const auto ours = hosts("192.0.2.7:9848");
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "xlocalhost",
                           "ops.example.com.evil", "192.0.2.8", "[2001:db8::1]", "0x7f.1", "2130706433",
                           "127.1", "0.0.0.0", "ops.example.co", "example.com", "monitor.internal"}) {
    INFO(host);
    CHECK(ours.judge(host) == Verdict::foreign);
  }
}

TEST_CASE("what is no name and no address is malformed, whatever stands around a name of ours") {
  const auto ours = hosts("127.0.0.1:9848");
  const std::string with_nul{"localhost\0", 10};
  for (const std::string& host : {std::string{},
                                  std::string{":9848"},
                                  std::string{"localhost:"},
                                  std::string{"localhost:x"},
                                  std::string{"localhost:99999"},
                                  std::string{"localhost:1:2"},
                                  std::string{"::1"},
                                  std::string{"[::1"},
                                  std::string{"[::1]x"},
                                  std::string{"[localhost]"},
                                  std::string{"[127.0.0.1]"},
                                  std::string{"[fe80::1%eth0]"},
                                  std::string{"user@localhost"},
                                  std::string{"localhost/x"},
                                  std::string{"http://localhost"},
                                  std::string{"local host"},
                                  std::string{".localhost"},
                                  std::string{"a..localhost"},
                                  std::string{"localhost,evil.example"},
                                  with_nul,
                                  std::string{"caf\xc3\xa9"},
                                  std::string(300, 'a')}) {
    INFO(host);
    CHECK(ours.judge(host) == Verdict::malformed);
  }
}

TEST_CASE("a listener on every address is called by any address, but by no foreign name") {
  for (const char* listening : {":9848", "0.0.0.0:9848", "[::]:9848"}) {
    INFO(listening);
    const auto ours = hosts(listening);
    CHECK(ours.judge("203.0.113.5:9848") == Verdict::fine);
    CHECK(ours.judge("[2001:db8::5]") == Verdict::fine);
    CHECK(ours.judge("evil.example") == Verdict::foreign);
  }
}
