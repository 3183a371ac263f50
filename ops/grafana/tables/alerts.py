"""Alerts and their delivery: what fires, and whether anybody hears of it."""

from __future__ import annotations

from board import GOOD_OR_BAD, GREEN, NONE, ON_OR_OFF, RED, YELLOW, Board, Row, codes, lines, number, timeline
from common import STATES

RECEIVER = "{{instance}} {{receiver}}"


def each(metric: str) -> tuple[str, str]:
    return f"max by (instance, receiver) ({metric}{{-}})", RECEIVER


ALERTS = Row("Alerts", (
    number("Firing", "none", "By severity; the watchdog is left out. The status page of the daemon says which.",
           ('max by (severity) (healthd_alerts{-, state="firing", severity!="none"})', "{{severity}}"), mapping=NONE, otherwise=RED, width=6),
    number("Pending", "none", "True, but not for long enough yet.",
           ('max by (severity) (healthd_alerts{-, state="pending", severity!="none"})', "{{severity}}"), mapping=NONE, otherwise=YELLOW, width=6),
    number("Held back", "none", "Effects of an alert that fires, and what is silenced or under maintenance.",
           ('max by (severity) (healthd_alerts{-, state="suppressed", severity!="none"})', "{{severity}}"), mapping=NONE, otherwise=YELLOW, width=6),
    number("Incidents", "none", "That began in the time range.",
           ("max by (instance) (increase(healthd_incidents_total{-}[$__range]))", "{{instance}}"), width=6, decimals=0),
    lines("Alerts by severity and state", "none", "Over time.",
          ('max by (severity, state) (healthd_alerts{-, severity!="none"})', "{{severity}} {{state}}"), width=12),
    timeline("State of each probe", "Damped: this is what alerts follow.",
             (codes("healthd_probe_state", "stack, probe", STATES), "{{stack}} {{probe}}"), STATES, width=12),
    lines("Flapping", "short", "Changes of a probe's damped state between up and down.",
          ("max by (stack, probe) (increase(healthd_probe_transitions_total{*}[$__rate_interval]))", "{{stack}} {{probe}}")),
    lines("Failures in a row", "none", "Up to the last run. Three of them settle it, by default.",
          ("max by (stack, probe) (healthd_probe_consecutive_failures{*})", "{{stack}} {{probe}}")),
    lines("Since the last failure", "s", "Of each probe; absent for one that has never failed.",
          ("time() - max by (stack, probe) (healthd_probe_last_failure_timestamp_seconds{*})", "{{stack}} {{probe}}")),
    number("Silences", "none", "That are on.", ("max by (instance) (healthd_silences{-})", "{{instance}}"), mapping=NONE, otherwise=YELLOW, width=8),
    number("Maintenance", "none", "No alert begins meanwhile.", ("max by (instance) (healthd_maintenance{-})", "{{instance}}"),
           mapping=ON_OR_OFF, width=8),
    number("Blind", "none", "Every target fails, and so does our own connectivity check: the fault is on our side.",
           ("max by (instance) (healthd_monitor_blind{-})", "{{instance}}"), mapping=((0, "no", GREEN), (1, "yes", RED)), width=8),
))  # fmt: skip

DELIVERY = Row("Delivery", (
    lines("Messages", "ops", "Sent to each receiver, every attempt counted.",
          ("sum by (instance, receiver) (rate(healthd_notifications_total{-}[$__rate_interval]))", RECEIVER)),
    lines("Failed attempts", "short", "By reason; nothing while all is well.",
          ("sum by (instance, receiver, reason) (increase(healthd_notification_failures_total{-}[$__rate_interval])) > 0",
           RECEIVER + " {{reason}}")),
    lines("Waiting", "none", "Messages that wait for a receiver.", each("healthd_notification_queue_length")),
    lines("Oldest unsent", "s", "How long the oldest message has waited to be taken.", each("healthd_notification_oldest_unsent_seconds")),
    lines("Since the last success", "s", "Since each receiver last accepted a message. Long is normal where nothing happens; "
          "Alertmanager is told again and again.",
          ("time() - max by (instance, receiver) (healthd_notification_last_success_timestamp_seconds{-})", RECEIVER)),
    lines("Came and went untold", "short", "Alerts that were over before the receiver could be told.",
          ("sum by (instance, receiver) (increase(healthd_receiver_collapsed_total{-}[$__rate_interval]))", RECEIVER)),
    number("Kept on disk", "none", "Whether alerts and deliveries survive a restart.",
           ("min by (instance) (healthd_store_ok{-})", "{{instance}}"), mapping=GOOD_OR_BAD, width=8),
    number("Last written", "s", "How long ago the state file was written.",
           ("time() - max by (instance) (healthd_last_persist_timestamp_seconds{-})", "{{instance}}"), width=8),
    number("Heartbeat", "none", "Whether the last sign of life arrived at the service that watches for it; absent where none is configured.",
           ("min by (instance) (healthd_heartbeat_success{-})", "{{instance}}"), mapping=GOOD_OR_BAD, width=8),
))  # fmt: skip

BOARD = Board(
    "superset-alerts", "Superset Stack / Alerts and delivery",
    "What fires, what is held back, and does anybody hear of it?",
    (ALERTS, DELIVERY),
)  # fmt: skip
