#include "probes/celery_settings.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// A worker that says all that it can, and all of it is Celery's default.
BrokerView usual() {
  BrokerView view;
  view.database = 0;
  view.key_prefix = "";
  view.separator = "\x06\x16";
  view.steps = {{0, 3, 6, 9}};
  view.visibility_timeout = 3600;
  view.fanout_prefix = "true";
  view.fanout_patterns = true;
  return view;
}

CheckResult compare(const BrokerView& theirs, const CeleryOptions& ours = {}, int database = 0) {
  return compare_settings(ours, database, "w1@host", theirs);
}

}  // namespace

TEST_CASE("a worker that says nothing, or the usual, contradicts nothing") {
  CHECK(compare({}).status == Status::up);
  CHECK(compare(usual()).status == Status::up);
}

TEST_CASE("each setting that differs is named with both values and the worker that said so") {
  struct Row {
    const char* words;
    void (*change)(BrokerView&);
  };
  const Row rows[] = {
      {"global_keyprefix is \"ss:\" there and \"\" here", [](auto& view) { view.key_prefix = "ss:"; }},
      {"sep is \":\" there and \"??\" here", [](auto& view) { view.separator = ":"; }},
      {"priority_steps is [0, 5] there and [0, 3, 6, 9] here", [](auto& view) { view.steps = {{0, 5}}; }},
      {"fanout_prefix is \"false\" there and \"/{db}.\" here",
       [](auto& view) { view.fanout_prefix = "false"; }},
      {"fanout_prefix is \"/x.\" there and \"/{db}.\" here", [](auto& view) { view.fanout_prefix = "/x."; }},
      {"fanout_patterns is false there and true here", [](auto& view) { view.fanout_patterns = false; }},
      {"visibility_timeout is 77s there and 1h here", [](auto& view) { view.visibility_timeout = 77; }},
  };
  for (const auto& row : rows) {
    auto view = usual();
    row.change(view);
    const auto found = compare(view);
    CAPTURE(row.words, found.detail);
    CHECK(found.status == Status::down);
    CHECK(found.reason == Reason::config_mismatch);
    CHECK(contains(found.detail, std::string{"w1@host: "} + row.words));
  }
}

TEST_CASE("settings that are ours as well are no difference") {
  CeleryOptions ours;
  ours.names.key_prefix = "ss:";
  ours.names.separator = ":";
  ours.names.steps = {0, 5};
  ours.names.fanout_prefix = "";
  ours.names.fanout_patterns = false;
  ours.visibility_timeout = std::chrono::milliseconds{77'400};
  BrokerView theirs;
  theirs.key_prefix = "ss:";
  theirs.separator = ":";
  theirs.steps = {{0, 5}};
  theirs.fanout_prefix = "false";
  theirs.fanout_patterns = false;
  theirs.visibility_timeout = 77;
  CHECK(compare(theirs, ours).status == Status::up);
}

TEST_CASE("a worker on another database is told before all else") {
  auto view = usual();
  view.database = 3;
  view.key_prefix = "ss:";
  const auto found = compare(view, {}, 1);
  CHECK(found.status == Status::down);
  CHECK(found.reason == Reason::wrong_database);
  CHECK(contains(found.detail, "w1@host uses database 3"));
  CHECK(contains(found.detail, "looks at 1"));
}

TEST_CASE("what a worker says cannot break the line it is told in") {
  auto view = usual();
  view.key_prefix = "a\nb\x1b[0m\xff";
  view.visibility_timeout = 1e300;
  const auto found = compare(view);
  CHECK(contains(found.detail, "\"a?b?[0m?\""));
  view.key_prefix = "";
  CHECK(contains(compare(view).detail, "visibility_timeout is 1000000000000000s there"));
}
