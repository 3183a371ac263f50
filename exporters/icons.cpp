// The picture beside a page's title: the state can be seen while another page is open. The shapes differ, as
// do the colours.
#include <cstdlib>

#include "exporters/page.hpp"

namespace healthd {

std::string_view icon(Status status) {
  switch (status) {
    case Status::up:
      return R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" fill="#1a7a48"/><path d="M4 8.5l2.8 2.8L12 5.5" fill="none" stroke="#fff" stroke-width="2"/></svg>)svg";
    case Status::degraded:
      return R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 0l8 15H0z" fill="#b87300"/><path d="M8 5v5M8 11.5v2" stroke="#fff" stroke-width="2"/></svg>)svg";
    case Status::down:
      return R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="2" fill="#b3261e"/><path d="M4 4l8 8M12 4l-8 8" stroke="#fff" stroke-width="2"/></svg>)svg";
    case Status::unknown:
      return R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#fff" stroke="#56606e" stroke-width="2"/><path d="M4.5 8h7" stroke="#56606e" stroke-width="2"/></svg>)svg";
  }
  std::abort();
}

}  // namespace healthd
