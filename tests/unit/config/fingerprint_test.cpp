#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>

#include "config/options.hpp"

namespace healthd {
namespace {

std::string fingerprint(const std::string& yaml, const std::string& name = "test.yaml") {
  Problems problems;
  const auto print = Options::from_text(yaml, name, problems).fingerprint();
  CHECK(problems.size() == 0);
  return print;
}

}  // namespace

TEST_CASE("two maps that say the same have one fingerprint, wherever they stand") {
  CHECK(fingerprint("a: 1\nb: [x, {c: 2}]\n") == fingerprint("# moved\n\nb:\n  - x\n  - c: 2\na: 1\n"));
}

TEST_CASE("whatever is said otherwise changes the fingerprint") {
  const auto before = fingerprint("a: 1\nb: [x, y]\n");
  for (const auto* other :
       {"a: 2\nb: [x, y]\n", "a: 1\nb: [y, x]\n", "a: 1\n", "a: 1\nb: [x, y]\nc: 1\n", "a: 1\nb: x\n"}) {
    INFO(other);
    CHECK(fingerprint(other) != before);
  }
}

TEST_CASE("a file of secrets that holds something else changes the fingerprint, and it is not shown in it") {
  const auto folder = std::filesystem::temp_directory_path() / "healthd-fingerprint-test";
  std::filesystem::create_directories(folder);
  const auto print_with = [&](const std::string& secret) {
    std::ofstream{folder / "pg.pw"} << secret;
    return fingerprint("probes: [{tls: {key_file: pg.pw}}]\n", (folder / "config.yaml").string());
  };
  const auto before = print_with("opensesame");
  CHECK(print_with("opensesame") == before);
  CHECK(print_with("opensesamf") != before);
  CHECK(before.find("opensesame") == std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST_CASE("an inline secret is not shown in a fingerprint") {
  CHECK(fingerprint("password: opensesame\n").find("opensesame") == std::string::npos);
}

}  // namespace healthd
