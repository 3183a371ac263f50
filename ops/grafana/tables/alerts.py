"""Alerts and their delivery: what fires, and whether anybody hears of it."""

from __future__ import annotations

from board import GOOD_OR_BAD, GREEN, NONE, ON_OR_OFF, RED, YELLOW, Board, Row, lines, number, timeline
from common import STATES
from queries import Query, age, codes, ever, gauge, growth, happened, lowest, total_rate


def alerts(state: str) -> Query:
    return gauge("healthd_alerts", by="instance, severity", only=f'state="{state}", severity!="none"', own=True)


ALERTS = Row("Alerts", (
    number("Firing", "none", "By severity; the watchdog is left out. The status page of the daemon says which.",
           alerts("firing"), mapping=NONE, otherwise=RED, width=6),
    number("Pending", "none", "True, but not for long enough yet.",
           alerts("pending"), mapping=NONE, otherwise=YELLOW, width=6),
    number("Held back", "none", "Effects of an alert that fires, and what is silenced or under maintenance.",
           alerts("suppressed"), mapping=NONE, otherwise=YELLOW, width=6),
    number("Incidents", "none", "That began in the time range.", ever("healthd_incidents_total", "instance", own=True),
           width=6, decimals=0),
    lines("Alerts by severity and state", "none", "Over time.",
          gauge("healthd_alerts", by="instance, severity, state", only='severity!="none"', own=True), width=12),
    timeline("State of each probe", "Damped: this is what alerts follow.",
             codes("healthd_probe_state", "stack, probe", STATES), STATES, width=12),
    lines("Flapping", "short", "Changes of a probe's damped state between up and down.",
          growth("healthd_probe_transitions_total", how="max")),
    lines("Failures in a row", "none", "Up to the last run. Three of them settle it, by default.",
          gauge("healthd_probe_consecutive_failures")),
    lines("Since the last failure", "s", "Of each probe; absent for one that has never failed.",
          age("healthd_probe_last_failure_timestamp_seconds")),
    number("Silences", "none", "That are on.", gauge("healthd_silences", by="instance", own=True), mapping=NONE,
           otherwise=YELLOW, width=8),
    number("Maintenance", "none", "No alert begins meanwhile.", gauge("healthd_maintenance", by="instance", own=True),
           mapping=ON_OR_OFF, width=8),
    number("Blind", "none", "Every target fails, and so does our own connectivity check: the fault is on our side.",
           gauge("healthd_monitor_blind", by="instance", own=True), mapping=((0, "no", GREEN), (1, "yes", RED)),
           width=8),
))  # fmt: skip

DELIVERY = Row("Delivery", (
    lines("Messages", "ops", "Sent to each receiver, every attempt counted.",
          total_rate("healthd_notifications_total", by="instance, receiver", own=True)),
    lines("Failed attempts", "short", "By reason; nothing while all is well.",
          happened("healthd_notification_failures_total", by="instance, receiver, reason", own=True)),
    lines("Waiting", "none", "Messages that wait for a receiver.",
          gauge("healthd_notification_queue_length", by="instance, receiver", own=True)),
    lines("Oldest unsent", "s", "How long the oldest message has waited to be taken.",
          gauge("healthd_notification_oldest_unsent_seconds", by="instance, receiver", own=True)),
    lines("Since the last success", "s",
          "Since each receiver last accepted a message. Long is normal where nothing happens; Alertmanager is told "
          "again and again.",
          age("healthd_notification_last_success_timestamp_seconds", by="instance, receiver", own=True)),
    lines("Came and went untold", "short", "Alerts that were over before the receiver could be told.",
          growth("healthd_receiver_collapsed_total", by="instance, receiver", own=True)),
    number("Kept on disk", "none", "Whether alerts and deliveries survive a restart.",
           lowest("healthd_store_ok", by="instance", own=True), mapping=GOOD_OR_BAD, width=8),
    number("Last written", "s", "How long ago the state file was written.",
           age("healthd_last_persist_timestamp_seconds", by="instance", own=True), width=8),
    number("Heartbeat", "none",
           "Whether the last sign of life arrived at the service that watches for it; absent where none is configured.",
           lowest("healthd_heartbeat_success", by="instance", own=True), mapping=GOOD_OR_BAD, width=8),
))  # fmt: skip

BOARD = Board(
    "superset-alerts", "Superset Stack / Alerts and delivery",
    "What fires, what is held back, and does anybody hear of it?",
    (ALERTS, DELIVERY),
)  # fmt: skip
