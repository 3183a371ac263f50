#include "probes/net/celery_names.hpp"

namespace healthd {
namespace {

/// The part of a reply queue's name that follows the reply id.
std::string reply_queue_name(std::string_view reply_id) {
  return std::string{reply_id} + "." + std::string{pidbox_reply_exchange};
}

std::string with_database(std::string text, int database) {
  constexpr std::string_view place = "{db}";
  if (const auto at = text.find(place); at != std::string::npos)
    text.replace(at, place.size(), std::to_string(database));
  return text;
}

}  // namespace

std::string CeleryNames::queue(std::string_view name, int step) const {
  auto key = key_prefix + std::string{name};
  if (step != 0) key += separator + std::to_string(step);
  return key;
}

std::string CeleryNames::unacked() const { return key_prefix + "unacked"; }
std::string CeleryNames::unacked_index() const { return key_prefix + "unacked_index"; }

std::string CeleryNames::pidbox_channel() const {
  return key_prefix + with_database(fanout_prefix, database) + std::string{pidbox_exchange};
}

std::string CeleryNames::event_channel(std::string_view type) const {
  const auto exchange = key_prefix + with_database(fanout_prefix, database) + "celeryev";
  return fanout_patterns ? exchange + "/" + std::string{type} : exchange;
}

std::string CeleryNames::reply_bindings() const {
  return key_prefix + "_kombu.binding." + std::string{pidbox_reply_exchange};
}

std::string CeleryNames::reply_binding(std::string_view reply_id) const {
  return std::string{reply_id} + separator + separator + reply_queue_name(reply_id);
}

std::string CeleryNames::reply_queue(std::string_view reply_id) const {
  return key_prefix + reply_queue_name(reply_id);
}

}  // namespace healthd
