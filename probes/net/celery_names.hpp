// How Celery calls its keys and channels on a Redis broker. Source: kombu's Redis transport, and Celery's
// documentation of the transport options that change the names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace healthd {

struct CeleryNames {
  int database = 0;
  std::string key_prefix = {};            ///< `global_keyprefix`
  std::string fanout_prefix = "/{db}.";   ///< before channels; `{db}` stands for the database
  std::string separator = "\x06\x16";     ///< `sep`
  std::vector<int> steps = {0, 3, 6, 9};  ///< `priority_steps`
  bool fanout_patterns = true;            ///< each type of event has a channel of its own

  /// The list that holds a queue's messages of one priority step.
  std::string queue(std::string_view name, int step) const;
  std::string unacked() const;
  std::string unacked_index() const;
  /// The channel on which every worker listens for remote control.
  std::string pidbox_channel() const;
  /// Where events of this type are published, such as `worker.heartbeat` (`task.multi`: those of workers).
  std::string event_channel(std::string_view type) const;
  /// The set that tells workers where replies go, our member of it, and the list where they then arrive.
  std::string reply_bindings() const;
  std::string reply_binding(std::string_view reply_id) const;
  std::string reply_queue(std::string_view reply_id) const;

  bool operator==(const CeleryNames&) const = default;
};

/// The exchanges that requests and replies name in themselves; no key.
inline constexpr std::string_view pidbox_exchange = "celery.pidbox";
inline constexpr std::string_view pidbox_reply_exchange = "reply.celery.pidbox";

/// Begins the name of each result's key, and of the channel that tells of it; the task's id follows.
inline constexpr std::string_view result_key_prefix = "celery-task-meta-";

}  // namespace healthd
