#include "exporters/runbooks.hpp"

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "exporters/markdown.hpp"

using namespace healthd;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::string_view redis_down =
    "---\nalert: RedisDown\nseverity: critical\n---\n# Redis is down\n\n## Confirm\n\n"
    "```bash\nredis-cli ping | grep <PONG>\n```\n";

RunbookPages some_pages() {
  static constexpr std::array files{EmbeddedFile{"redis-down", redis_down},
                                    EmbeddedFile{"beat-down", "# Beat is down\n"}};
  return RunbookPages{files};
}

std::string html_of(std::string_view markdown) { return render_markdown(markdown).html.str(); }

}  // namespace

TEST_CASE("a runbook is found with and without its ending") {
  const RunbookPages pages = some_pages();
  REQUIRE(pages.find("redis-down") != nullptr);
  CHECK(pages.find("redis-down.md") == pages.find("redis-down"));
  CHECK(pages.find("../redis-down") == nullptr);
  CHECK(pages.find("") == nullptr);
}

TEST_CASE("the front matter is not shown, and code is") {
  const RunbookPages pages = some_pages();
  const std::string page = render_runbook(*pages.find("redis-down"));
  CHECK_THAT(page, !ContainsSubstring("severity: critical"));
  CHECK_THAT(page, ContainsSubstring("redis-cli ping | grep &lt;PONG&gt;"));
  CHECK_THAT(page, ContainsSubstring("<title>Redis is down</title>"));
}

TEST_CASE("the index lists every runbook by its title") {
  const RunbookPages pages = some_pages();
  CHECK_THAT(pages.index(), ContainsSubstring("<a href=\"../runbooks/redis-down\">Redis is down</a>"));
  CHECK_THAT(pages.index(), ContainsSubstring("<a href=\"../runbooks/beat-down\">Beat is down</a>"));
}

TEST_CASE("an introduction heads the index, which adds what the introduction forgot") {
  static constexpr std::array files{EmbeddedFile{"README", "# For the night\n\n[Redis](redis-down.md)\n"},
                                    EmbeddedFile{"redis-down", redis_down},
                                    EmbeddedFile{"beat-down", "# Beat is down\n"}};
  const RunbookPages pages{files};
  CHECK_THAT(pages.index(), ContainsSubstring("For the night"));
  CHECK_THAT(pages.index(), ContainsSubstring("href=\"redis-down.md\""));
  CHECK_THAT(pages.index(), !ContainsSubstring("href=\"../runbooks/redis-down\""));
  CHECK_THAT(pages.index(), ContainsSubstring("href=\"../runbooks/beat-down\""));
}

TEST_CASE("headings have the anchors that links expect") {
  CHECK(html_of("## What it means: `oom`, now!\n") ==
        "<h2 id=\"what-it-means-oom-now\">What it means: <code>oom</code>, now!</h2>\n");
}

TEST_CASE("raw HTML and script links are left out") {
  const std::string html =
      html_of("<script>alert(1)</script>\n\nHi <b onclick=x>you</b> [x](javascript:alert(1))\n");
  CHECK_THAT(html, !ContainsSubstring("<script"));
  CHECK_THAT(html, !ContainsSubstring("onclick"));
  CHECK_THAT(html, !ContainsSubstring("javascript:"));
}

TEST_CASE("a pipe table becomes a table, with code and links in its cells") {
  const std::string html =
      html_of("| reason | means |\n|---|:--|\n| `a|b` | see [x](y.md) |\n| `c\\|d` | <i>plain |\n");
  CHECK(html ==
        "<table>\n<thead><tr><th scope=\"col\">reason</th><th "
        "scope=\"col\">means</th></tr>\n</thead>\n<tbody>\n"
        "<tr><td><code>a|b</code></td><td>see <a href=\"y.md\">x</a></td></tr>\n"
        "<tr><td><code>c|d</code></td><td><!-- raw HTML omitted -->plain</td></tr>\n</tbody>\n</table>\n");
}

TEST_CASE("a paragraph with a pipe stays a paragraph") {
  CHECK(html_of("a | b\nc | d\n") == "<p>a | b\nc | d</p>\n");
}
