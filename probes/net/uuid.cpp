#include "probes/net/uuid.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace healthd {
namespace {

constexpr boost::uuids::uuid name_space{0x5d, 0x0c, 0x1b, 0x52, 0x6e, 0x4f, 0x4d, 0x1b,
                                        0x9a, 0x37, 0x0f, 0xe2, 0x83, 0x61, 0xc7, 0x2e};

}  // namespace

std::string random_uuid() { return to_string(boost::uuids::random_generator{}()); }

std::string named_uuid(std::string_view name) {
  const boost::uuids::name_generator_sha1 generate{name_space};
  return to_string(generate(name.data(), name.size()));
}

}  // namespace healthd
