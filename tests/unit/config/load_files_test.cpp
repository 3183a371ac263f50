// The folders of broken files: each stands beside the lines that check-config prints for it.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/unit/config/sample.hpp"

using namespace healthd;

namespace {

std::vector<std::filesystem::path> files_in(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{test::source_file(folder)}) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

/// What stands beside the file as `NAME.expected`.
std::string expected_for(std::filesystem::path file) {
  return test::read_file(file.replace_extension(".expected"));
}

/// Gunicorn's keys are read one by one, as its probe does, so that misspelt ones are found.
std::string check_config(const std::filesystem::path& file) {
  Problems problems;
  auto config =
      load_config_text(test::read_file(file), file.filename().string(), test::known_names(), problems);
  for (auto& probe : config.probes) {
    if (!probe.options.has("dsn")) probe.options.require_text("url");
    if (probe.kind != "gunicorn") probe.options.keys();
  }
  for (auto& receiver : config.receivers) receiver.options.keys();
  config.root.finish();
  return test::lines(problems);
}

}  // namespace

TEST_CASE("each broken file gets exactly the messages that stand beside it") {
  const auto files = files_in("tests/data/bad");
  REQUIRE(files.size() >= 30);
  for (const auto& file : files) {
    CAPTURE(file);
    CHECK(check_config(file) == expected_for(file));
  }
}

TEST_CASE("what works but is hardly meant gets a warning") {
  for (const auto& file : files_in("tests/data/warnings")) {
    CAPTURE(file);
    CHECK(check_config(file) == expected_for(file));
    CHECK(expected_for(file).find(": warning: ") != std::string::npos);
  }
}

TEST_CASE("each good file loads without a word") {
  const auto files = files_in("tests/data/good");
  REQUIRE_FALSE(files.empty());
  for (const auto& file : files) {
    CAPTURE(file);
    CHECK(check_config(file).empty());
  }
}

TEST_CASE("the shipped sample loads without a word and shows every kind and type") {
  Problems problems;
  const auto sample = test::read_file(test::source_file("config/superset-healthd.yaml"));
  const auto config = test::load_all(sample, "superset-healthd.yaml", problems);
  CHECK(test::lines(problems).empty());
  const auto known = test::known_names();
  for (const auto& kind : known.probe_kinds) {
    CAPTURE(kind);
    CHECK(std::ranges::count(config.probes, kind, &ProbeConfig::kind) > 0);
  }
  for (const auto& type : known.receiver_types) {
    CAPTURE(type);
    CHECK(sample.find(" " + type + ":") != std::string::npos);  // one with a secret is shown as a comment
  }
}

TEST_CASE("a file that is read takes the memory of what it holds, and an endless one a megabyte") {
  Problems problems;
  const auto sample = test::source_file("config/superset-healthd.yaml");
  const auto text = read_text_file(sample, problems);
  REQUIRE(text);
  CHECK(*text == test::read_file(sample));
  CHECK(text->capacity() < 2 * text->size() + 16 * 1024);
  const auto endless = read_text_file("/dev/zero", problems);
  REQUIRE(endless);
  CHECK(endless->size() > 1024 * 1024);  // so that it is seen to be too large
  CHECK(endless->size() < 1100 * 1024);
  CHECK_FALSE(read_text_file("/nonexistent", problems));
  CHECK(test::lines(problems).find("/nonexistent: cannot be read: No such file") != std::string::npos);
}
