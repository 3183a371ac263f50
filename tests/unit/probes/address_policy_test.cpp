#include "probes/net/address_policy.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch_test_macros.hpp>

#include "probes/net/dial.hpp"
#include "probes/net/resolve.hpp"
#include "probes/net/tunnel.hpp"
#include "tests/support/run.hpp"

namespace healthd {
namespace {

bool refused(const char* address) { return !no_receiver_there(asio::ip::make_address(address)).empty(); }

/// A name that leads to `addresses`, and a server on 127.0.0.1.
struct Setup {
  explicit Setup(std::vector<const char*> names) : addresses{std::move(names)} {}

  Connection dialled(const std::string& host, AddressPolicy policy, const Proxy* proxy = nullptr) {
    Endpoint endpoint;
    endpoint.host = host;
    endpoint.port = server.local_endpoint().port();
    auto work = dial(resolver, trace, endpoint, nullptr, proxy, policy);
    return test::run(loop, std::move(work));
  }

  std::vector<const char*> addresses;
  asio::io_context loop{1};
  asio::ip::tcp::acceptor server{loop, {asio::ip::address_v4::loopback(), 0}};
  Trace trace;
  Resolver resolver{loop.get_executor(), [this](const std::string&) {
                      Resolver::Answer answer;
                      for (const auto* each : addresses)
                        answer.addresses.push_back(asio::ip::make_address(each));
                      return answer;
                    }};
};

}  // namespace

TEST_CASE("no receiver is at a link-local, multicast, unspecified or 0/8 address, however it is wrapped") {
  for (const char* address :
       {"169.254.169.254", "169.254.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255",
        "255.255.255.255", "::", "fe80::1", "febf::1", "ff02::1", "::ffff:169.254.169.254",
        "::169.254.169.254", "64:ff9b::a9fe:a9fe", "::ffff:0.0.0.0", "::ffff:224.0.0.1"}) {
    INFO(address);
    CHECK(refused(address));
  }
}

TEST_CASE("private, loopback and public addresses may be a receiver's") {
  for (const char* address : {"127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "203.0.113.5",
                              "fd00::1", "2001:db8::1", "::ffff:10.0.0.1", "169.253.0.1", "1.0.0.0"}) {
    INFO(address);
    CHECK_FALSE(refused(address));
  }
}

TEST_CASE(
    "a name that leads to a forbidden address only is not connected to, and the error says where it leads") {
  Setup setup{{"169.254.169.254", "fe80::1"}};
  const auto connection = setup.dialled("hook.example", no_receiver_there);
  CHECK(connection.stream == nullptr);
  CHECK(connection.failure.detail ==
        "hook.example leads to fe80::1, a link-local address: no receiver may be there");
}

TEST_CASE("of several addresses the allowed ones are tried") {
  Setup setup{{"169.254.169.254", "127.0.0.1"}};
  CHECK(setup.dialled("hook.example", no_receiver_there).stream != nullptr);
}

TEST_CASE("an address in the URL is judged as well, also where a proxy would go there") {
  Setup setup{{"127.0.0.1"}};
  CHECK(setup.dialled("169.254.169.254", no_receiver_there).failure.detail.find("no receiver") !=
        std::string::npos);
  Proxy proxy;
  proxy.endpoint.host = "127.0.0.1";
  proxy.endpoint.port = setup.server.local_endpoint().port();
  CHECK(setup.dialled("169.254.169.254", no_receiver_there, &proxy).failure.detail.find("no receiver") !=
        std::string::npos);
}

TEST_CASE("probes have no policy: what they watch is the operator's choice") {
  Setup setup{{"127.0.0.1"}};
  CHECK(setup.dialled("target.example", nullptr).stream != nullptr);
}

}  // namespace healthd
