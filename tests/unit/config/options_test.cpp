#include "config/options.hpp"

#include <catch2/catch_test_macros.hpp>

#include "tests/unit/config/sample.hpp"

using namespace healthd;
using namespace std::chrono_literals;

namespace {

struct Reader {
  explicit Reader(const std::string& text, SecretPolicy policy = {})
      : options{Options::from_text(text, "c.yaml", problems, std::move(policy))} {}
  std::string lines() const { return test::lines(problems); }

  Problems problems;
  Options options;
};

}  // namespace

TEST_CASE("each type is read and its fallback used only where the key is absent") {
  Reader reader{"t: word\nn: 42\nd: 1h30m\nf: 0.5\nb: true\nl: [a, 2]\none: x\n"};
  auto& options = reader.options;
  CHECK(options.text("t", "other") == "word");
  CHECK(options.text("absent", "other") == "other");
  CHECK(options.integer("n", 7, 0, 100) == 42);
  CHECK(options.integer("absent", 7, 0, 100) == 7);
  CHECK(options.duration("d") == 90min);
  CHECK(options.number("f") == 0.5);
  CHECK(options.number_or_seconds("d") == 5400.0);
  CHECK(options.number_or_seconds("f") == 0.5);
  CHECK(options.flag("b", false));
  CHECK(options.flag("absent", true));
  CHECK(options.texts("l") == std::vector<std::string>{"a", "2"});
  CHECK(options.texts("one") == std::vector<std::string>{"x"});
  CHECK(options.texts("absent").empty());
  options.finish();
  CHECK(reader.lines().empty());
}

TEST_CASE("a wrong type says what was expected and what was found, and the fallback is used") {
  Reader reader{"n: many\nbig: 101\nb: 1\nf: nan\nt: {a: b}\nl: {a: b}\nm: [a]\nd: soon\n"};
  auto& options = reader.options;
  CHECK(options.integer("n", 7, 0, 100) == 7);
  CHECK(options.integer("big", 7, 0, 100) == 7);
  CHECK(options.flag("b", true));
  CHECK_FALSE(options.number("f"));
  CHECK(options.text("t", "x") == "x");
  CHECK(options.texts("l").empty());
  CHECK(options.map("m").text("a") == "");
  CHECK(options.duration("d", 3s) == 3s);
  CHECK(reader.lines() ==
        "c.yaml:1:4: n: expected a whole number from 0 to 100, got \"many\"\n"
        "c.yaml:2:6: big: expected a whole number from 0 to 100, got \"101\"\n"
        "c.yaml:3:4: b: expected true or false, got \"1\"\n"
        "c.yaml:4:4: f: expected a number, got \"nan\"\n"
        "c.yaml:5:4: t: expected text, got a map\n"
        "c.yaml:6:4: l: expected a list, got a map\n"
        "c.yaml:7:4: m: expected a map, got a list\n"
        "c.yaml:8:4: d: expected a duration such as 15s, got \"soon\"\n");
}

TEST_CASE("a choice names what is allowed and what is near") {
  Reader reader{"role: brokr\n"};
  CHECK(reader.options.choice("role", "cache", {"cache", "broker"}) == "cache");
  CHECK(reader.lines() ==
        "c.yaml:1:7: role: expected one of cache, broker, got \"brokr\"; did you mean \"broker\"?\n");
}

TEST_CASE("keys that nobody read are reported wherever a map was read") {
  Reader reader{"a: 1\nm: {x: 1, y: 2}\nl: [{x: 1, z: 3}]\nunread: {deep: 1}\n"};
  auto copy = reader.options;
  copy.text("a");
  copy.map("m").text("x");
  for (auto& item : copy.maps("l")) item.text("x");
  reader.options.finish();
  CHECK(reader.lines() ==
        "c.yaml:2:11: unknown key \"y\"\n"
        "c.yaml:3:12: unknown key \"z\"\n"
        "c.yaml:4:1: unknown key \"unread\"\n");
}

TEST_CASE("two uses of one alias are read apart") {
  Reader reader{"a: &t {x: 1}\nb: *t\n"};
  reader.options.map("a").text("x");
  reader.options.map("b");
  reader.options.finish();
  CHECK(reader.lines() == "c.yaml:1:8: unknown key \"x\"\n");
}

TEST_CASE("names of a map are given in the order of the file") {
  Reader reader{"o: {b: 1, a: 2, c: 3}\n"};
  CHECK(reader.options.map("o").keys() == std::vector<std::string>{"b", "a", "c"});
}

TEST_CASE("a place is that of the value, of one item, or of the map where the key is absent") {
  Reader reader{"m:\n  k: [a, b]\n"};
  const auto map = reader.options.map("m");
  CHECK(map.place("k").column == 6);
  CHECK(map.place("k", 1).column == 10);
  CHECK(map.place("k", 9).column == 6);
  CHECK(map.place("absent").line == 2);
  CHECK(map.place("absent").column == 3);
}

TEST_CASE("a wrong value of a key that may be secret is not shown") {
  Reader reader{"password: hunter2\nrouting_key: hunter2\ntoken: {a: hunter2}\nurl: hunter2\n"};
  reader.options.secret("password");
  reader.options.integer("routing_key", 0, 0, 1);
  reader.options.secret("token");
  reader.options.map("url");
  reader.options.finish();
  CHECK(reader.problems.size() == 4);
  CHECK(reader.lines().find("hunter2") == std::string::npos);
}

TEST_CASE("an empty map that stands nowhere can be read without a problem") {
  Options options;
  CHECK(options.require_text("url").empty());
  CHECK(options.place().line == 0);
  options.finish();
}

TEST_CASE("hostile files are refused without harm") {
  const std::string long_line(3'000'000, 'x');
  const std::vector<std::string> files{long_line,
                                       std::string(100'000, '['),
                                       std::string(100'000, '{'),
                                       std::string(500'000, '-'),

                                       "a: \"unclosed",
                                       "? ? ? ?",
                                       "*",
                                       "&",
                                       "!!binary x",
                                       "%YAML 9.9\n---\na: b",
                                       "@",
                                       "`",
                                       "a: |\n\t\tx: ["};
  for (const auto& file : files) {
    CAPTURE(file.substr(0, 20));
    Reader reader{file};
    reader.options.finish();
    CHECK(reader.problems.has_errors());
  }
}

TEST_CASE("a NUL byte in the file is refused") {
  Reader reader{std::string{"a: b\0c: d", 9}};
  CHECK(reader.lines() == "c.yaml: holds a NUL byte, so it is not a text file\n");
}
