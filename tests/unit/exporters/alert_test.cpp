#include "exporters/alert.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;

TEST_CASE("a fingerprint is SHA-256 of the sorted labels, each text with its length in front") {
  // printf '5:stack4:prod' | sha256sum
  CHECK(fingerprint({{"stack", "prod"}}) ==
        "7098221dd35fbe35db3b27fc3bf126b36ad11485870b555aaaebed91279059c5");
}

TEST_CASE("label sets that read the same when run together have different fingerprints") {
  CHECK(fingerprint({{"a", "bc"}}) != fingerprint({{"ab", "c"}}));
  CHECK(fingerprint({{"a", "1"}, {"b", "2"}}) != fingerprint({{"a", "1b2"}}));
}
