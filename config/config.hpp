// The configuration as plain values, after every check that needs no probe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/cron.hpp"
#include "config/duration.hpp"
#include "config/options.hpp"

namespace healthd {

/// When an alert fires and clears (contract, "State machine").
struct Window {
  int consecutive = 3;           ///< failures in a row that fire
  int failures = 5;              ///< or this many
  int of = 10;                   ///< of this many last results
  int successes = 4;             ///< successes in a row that clear
  Duration keep{120'000};        ///< ... held for this long; doubles per re-fire within an hour
  Duration keep_max{1'800'000};  ///< ... to at most this
};

struct ProbeConfig {
  std::string name;
  std::string kind;
  Duration interval{15'000};
  Duration timeout{5'000};
  Duration retry_interval{5'000};  ///< after a failure, until the state is settled
  Window window;
  std::optional<std::vector<std::string>> depends_on;  ///< nullopt: by kind
  Options options;                                     ///< the kind's own keys, read by the probe
};

struct WebConfig {
  std::string listen_address = "127.0.0.1:9848";
  std::string external_url;                ///< without a trailing slash; "" when not set
  std::vector<std::string> allowed_hosts;  ///< further names by which browsers may call us
  bool allow_insecure_bind = false;        ///< beyond loopback without TLS and users: no warning
};

/// What the site changes about one alert of the catalogue.
struct AlertOverride {
  std::optional<bool> enabled;
  std::optional<double> threshold;
  std::optional<Duration> hold;  ///< key `for`
  Place place;                   ///< of the override
};

struct AlertsConfig {
  std::string runbook_base_url;    ///< "" : derived from the web configuration
  std::string dashboard_base_url;  ///< "" : no dashboard link
  /// After the host's start, no alert is raised about a probe that has not succeeded yet.
  Duration boot_grace{180'000};
  std::map<std::string, AlertOverride> overrides;
};

struct ReceiverConfig {
  std::string name;
  std::string type;      ///< `alertmanager`, `webhook` ...
  std::string fallback;  ///< the receiver that is told instead while this one cannot be; "" for none
  Duration fallback_after{300'000};
  std::optional<Duration> reminder;  ///< while an alert fires; nullopt: the type's own; zero: never
  Options options;                   ///< the map under the type, read by the notifier
};

struct RouteConfig {
  std::string severity;                 ///< "" matches any
  std::vector<std::string> components;  ///< empty matches any
  std::vector<std::string> receivers;
};

/// A maintenance window that comes back.
struct MaintenanceConfig {
  std::string name;
  Cron schedule;  ///< when it begins
  Duration duration{};
  std::string reason;
  bool utc = false;                     ///< else the schedule is in the host's local time
  std::vector<std::string> components;  ///< empty: all
};

/// The sign of life to a service outside.
struct HeartbeatConfig {
  bool wanted = false;
  Duration interval{60'000};
  Options options;  ///< read by whoever sends it
};

/// Something that takes connections whenever our own network is well.
struct ConnectTarget {
  std::string host;
  std::uint16_t port = 0;
};

struct Config {
  std::string stack;
  WebConfig web;
  Window window;  ///< of `defaults`, for alerts of no configured probe: the daemon's own
  std::vector<ProbeConfig> probes;
  AlertsConfig alerts;
  std::vector<ReceiverConfig> receivers;
  std::vector<RouteConfig> routes;  ///< the first that matches wins; empty: everything to every receiver
  std::vector<MaintenanceConfig> maintenance;
  HeartbeatConfig heartbeat;
  std::vector<ConnectTarget> connectivity;  ///< empty: our own web listener
  Options root;                             ///< for finish(), once probes and notifiers have read theirs
};

}  // namespace healthd
