#include "probes/kinds.hpp"

#include <algorithm>
#include <array>

namespace healthd {
namespace {

constexpr std::array kinds{
    Kind{"nginx", "nginx", make_nginx},          Kind{"gunicorn", "gunicorn", make_gunicorn},
    Kind{"postgres", "postgres", make_postgres}, Kind{"redis", "redis", make_redis},
    Kind{"celery", "celery", make_celery, true}, Kind{"beat", "beat", make_beat, true},
};

}  // namespace

std::span<const Kind> probe_kinds() { return kinds; }

const Kind* find_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds, name, &Kind::name);
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace healthd
