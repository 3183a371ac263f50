// The frame that all pages share.
#pragma once

#include <string>
#include <string_view>

#include "exporters/html.hpp"

namespace healthd {

struct PageFrame {
  std::string_view title;
  std::string_view stack;  ///< "" : none
  bool refreshes = false;  ///< every few seconds, without JavaScript
};

std::string render_page(const PageFrame& frame, const Html& main);

/// `/style.css`
std::string_view style_sheet();

}  // namespace healthd
