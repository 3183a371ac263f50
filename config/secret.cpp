#include "config/secret.hpp"

#include <string.h>  // explicit_bzero, which <cstring> does not promise

namespace healthd {

Secret::~Secret() {
  value_.resize(value_.capacity());  // a moved-from short string still holds its letters behind its end
  explicit_bzero(value_.data(), value_.size());
}

}  // namespace healthd
