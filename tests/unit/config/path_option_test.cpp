#include "config/path_option.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;

TEST_CASE("a path in the configuration starts at its folder, and an absolute one at the root") {
  Problems problems;
  auto options = Options::from_text("near: ca.pem\nfar: /etc/ssl/ca.pem\ntls: {ca_file: deep/ca.pem}\n",
                                    "/etc/superset-healthd/config.yaml", problems);
  CHECK(path_option(options, "near") == "/etc/superset-healthd/ca.pem");
  CHECK(path_option(options, "far") == "/etc/ssl/ca.pem");
  auto tls = options.map("tls");
  CHECK(path_option(tls, "ca_file") == "/etc/superset-healthd/deep/ca.pem");
  CHECK(path_option(options, "absent").empty());
}
