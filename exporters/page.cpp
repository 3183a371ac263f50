#include "exporters/page.hpp"

#include <array>

namespace healthd {
namespace {

struct Entry {
  std::string_view path;
  Html::Markup link, name;
};
constexpr std::array navigation{Entry{"/", "/", "Status"}, Entry{"/incidents/", "/incidents/", "Incidents"},
                                Entry{"/runbooks/", "/runbooks/", "Runbooks"},
                                Entry{"/metrics", "/metrics", "Metrics"},
                                Entry{"/api/v1/status", "/api/v1/status", "JSON"}};

void add_head(Html& page, const PageFrame& frame) {
  page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
      .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
      .raw("<meta name=\"color-scheme\" content=\"light dark\">\n")
      .raw("<title>")
      .text(frame.title)
      .raw("</title>\n<link rel=\"icon\" type=\"image/svg+xml\" href=\"/icon/")
      .text(to_string(frame.icon))
      .raw(".svg\">\n<link rel=\"stylesheet\" href=\"/style.css\">\n");
  if (frame.live)
    page.raw("<script src=\"/status.js\" defer></script>\n")
        .raw("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n");
  page.raw("</head>\n");
}

void add_header(Html& page, const PageFrame& frame) {
  page.raw("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header class=\"top\">\n")
      .raw("<p class=\"brand\"><a href=\"/\">superset-healthd</a>");
  if (!frame.stack.empty()) page.raw(" <span class=\"stack-name\">").text(frame.stack).raw("</span>");
  page.raw("</p>\n<nav aria-label=\"Pages\">\n");
  for (const auto& [path, link, name] : navigation) {
    page.raw("<a href=\"").raw(link).raw("\"");
    if (path == frame.here) page.raw(" aria-current=\"page\"");
    page.raw(">").raw(name).raw("</a>\n");
  }
  page.raw("</nav>\n</header>\n");
}

/// What the script fills: the notice that the page is old, and what changed, for those who hear the page.
constexpr Html::Markup live_parts =
    "<div id=\"stale\" class=\"stale\" role=\"alert\"></div>\n"
    "<p id=\"announce\" class=\"unseen\" role=\"status\"></p>\n";

/// All pages of ours lie at the root or one step below it. Links that say so, instead of beginning at the
/// root, lead on behind a proxy too that has us below a path of its own (`web.external_url`). What targets
/// say cannot look like a link: it is escaped.
std::string with_relative_links(const std::string& page, std::string_view root) {
  std::string all;
  all.reserve(page.size() + page.size() / 16);
  std::size_t done = 0;
  for (auto at = page.find("=\"/"); at != std::string::npos; at = page.find("=\"/", done)) {
    const auto from = at + 2;
    all.append(page, done, from - done).append(root);
    done = from + 1;
  }
  return all.append(page, done);
}

}  // namespace

std::string render_page(const PageFrame& frame, const Html& main) {
  Html page;
  add_head(page, frame);
  page.raw("<body>\n");
  add_header(page, frame);
  if (frame.live) page.raw(live_parts);
  page.raw("<main id=\"main\">\n").add(main).raw("</main>\n");
  page.raw("<footer class=\"bottom\">\n<p>Machines read <a href=\"/metrics\">/metrics</a>, ")
      .raw("<a href=\"/api/v1/status\">/api/v1/status</a>, ")
      .raw("<a href=\"/api/v1/alerts\">/api/v1/alerts</a> and ")
      .raw("<a href=\"/api/v1/incidents\">/api/v1/incidents</a>.</p>\n</footer>\n</body>\n</html>\n");
  return with_relative_links(page.str(), frame.here == "/" ? "./" : "../");
}

void begin_section(Html& main, Html::Markup name, Html::Markup heading) {
  main.raw("<section class=\"").raw(name).raw("\" aria-labelledby=\"").raw(name).raw("\">\n<h2 id=\"");
  main.raw(name).raw("\">").raw(heading).raw("</h2>\n");
}

void end_section(Html& main) { main.raw("</section>\n"); }

void add_moment(Html& main, WallTime moment) {
  main.raw("<p class=\"moment\">As of <time id=\"moment\" datetime=\"").text(rfc3339(moment));
  main.raw("\">").text(full_time(moment)).raw("</time>. Keeps itself up to date.</p>\n");
}

}  // namespace healthd
