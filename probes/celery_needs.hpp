// What the probes of one broker must be allowed there.
#pragma once

#include "probes/net/broker.hpp"

namespace healthd {

struct Workshop;

/// Notes what `user` does on the broker. What is known of the others is told again: a celery probe decides
/// the names and queues of a beat probe that was built before it.
void tell_broker_needs(Workshop& workshop, Broker& broker, BrokerUser user);

/// Whether test tasks of one probe would look like the ticks of Beat to another one.
bool canary_disturbs_clock(Broker& broker);

}  // namespace healthd
