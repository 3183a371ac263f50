#include "exporters/html.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace healthd;

TEST_CASE("text cannot become an element, an attribute's end or an entity") {
  Html html;
  html.text("<b a=\"1\" b='2'>&amp;");
  CHECK(html.str() == "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
}

TEST_CASE("control characters and broken UTF-8 become visible") {
  Html html;
  html.text(std::string_view{"a\0b\x1B[31m\xFF", 9});
  CHECK(html.str() ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD[31m\xEF\xBF\xBD");
}

TEST_CASE("only web links and paths of our own may be linked to") {
  CHECK(safe_link("https://ops.example.com/x") == "https://ops.example.com/x");
  CHECK(safe_link("HTTP://ops.example.com") == "HTTP://ops.example.com");
  CHECK(safe_link("/runbooks/redis-down") == "/runbooks/redis-down");
  for (const char* bad :
       {"javascript:alert(1)", " https://x", "//evil.example", "/\\evil.example", "data:text/html,x", ""}) {
    INFO(bad);
    CHECK(safe_link(bad).empty());
  }
}
