// From the key `broker` of a probe to the session that all probes of this broker share.
#pragma once

#include <memory>

#include "probes/net/broker.hpp"
#include "probes/tools.hpp"

namespace healthd {

struct Workshop;

/// Reads `broker`, the name of a redis probe. nullptr, with the error reported, where there is none of that
/// name.
std::shared_ptr<Broker> read_broker(Options& options, Workshop& workshop);

/// How long one round waits for workers: long for a worker that lives, short beside a probe's timeout.
inline constexpr std::chrono::milliseconds reply_patience{1000};

}  // namespace healthd
