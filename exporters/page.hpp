// The frame that all pages share, and what they load from us.
#pragma once

#include <string>
#include <string_view>

#include "exporters/html.hpp"
#include "exporters/text.hpp"
#include "probes/result.hpp"

namespace healthd {

struct PageFrame {
  std::string_view title;
  std::string_view stack;         ///< "" : none
  std::string_view here;          ///< the entry of the navigation that this page is, by its path; "" for none
  bool live = false;              ///< keeps itself new, by `/status.js` or by reloading where scripts are off
  Status icon = Status::unknown;  ///< whose symbol a browser shows beside the title
};

/// Links in `main` begin at the root (`/incidents/`); the page gets them relative to where it is.
std::string render_page(const PageFrame& frame, const Html& main);

/// A `<section>` named by its heading; `name` is its class as well. end_section() closes it.
void begin_section(Html& main, Html::Markup name, Html::Markup heading);
void end_section(Html& main);
/// As of when the page is; the script looks for it.
void add_moment(Html& main, WallTime moment);

/// `/style.css`
std::string_view style_sheet();
/// `/status.js`
std::string_view status_script();
/// `/icon/STATE.svg`
std::string_view icon(Status status);

}  // namespace healthd
