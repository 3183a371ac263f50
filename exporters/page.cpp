#include "exporters/page.hpp"

namespace healthd {

std::string render_page(const PageFrame& frame, const Html& main) {
  Html page;
  page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
      .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
      .raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
  if (frame.refreshes) page.raw("<meta http-equiv=\"refresh\" content=\"5\">\n");
  page.raw("<title>")
      .text(frame.title)
      .raw("</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n");
  page.raw("<body>\n<header class=\"top\">\n<p class=\"brand\"><a href=\"/\">superset-healthd</a>");
  if (!frame.stack.empty()) page.raw(" <span class=\"stack-name\">").text(frame.stack).raw("</span>");
  page.raw("</p>\n<nav aria-label=\"Pages\">\n")
      .raw("<a href=\"/\">Status</a> <a href=\"/runbooks/\">Runbooks</a> ")
      .raw(
          "<a href=\"/metrics\">Metrics</a> <a "
          "href=\"/api/v1/status\">JSON</a>\n</nav>\n</header>\n<main>\n");
  page.add(main).raw("</main>\n</body>\n</html>\n");
  return page.str();
}

}  // namespace healthd
