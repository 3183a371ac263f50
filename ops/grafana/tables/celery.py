"""Workers, queues and Beat: is what was queued consumed, and does Beat still send."""

from __future__ import annotations

from board import BLUE, GOOD_OR_BAD, GREEN, GREY, RED, YELLOW, Board, Row, codes, lines, number, timeline
from common import checks, failures, quantiles, took

NAMED = "{{stack}} {{probe}}"
WORKER_STATES = (
    (0, "healthy", GREEN), (1, "unknown", GREY), (2, "stopped", GREY), (3, "busy_solo", BLUE), (4, "saturated", YELLOW),
    (5, "detached", RED), (6, "hung", RED), (7, "catatonic", RED), (8, "dead", RED),
)  # fmt: skip
BEAT_STATES = (
    (0, "alive", GREEN), (1, "unknown", GREY), (2, "stalled", YELLOW), (3, "silent", YELLOW), (4, "hung", RED), (5, "dead", RED),
)  # fmt: skip


def gauge(metric: str, legend: str = "") -> tuple[str, str]:
    return f"max by (stack, probe) (healthd_celery_{metric}{{*}})", f"{NAMED} {legend}".strip()


WORKERS = Row("Workers", (
    timeline("State of each worker", "Judged by what it consumes, not by its heartbeats. Catatonic: it answers, and takes no task.",
             (codes("healthd_celery_worker_state", "stack, worker", WORKER_STATES), "{{stack}} {{worker}}"), WORKER_STATES, width=16),
    lines("Workers", "none", "That answered the last ping, that heard it, and that there should be.",
          gauge("workers_online", "online"), gauge("worker_receivers", "heard it"), gauge("workers_expected", "expected")),
    checks("celery|beat", "workers and Beat: replies, queues, pools, ticks, and the test task where it is on"),
    lines("Since each worker's last answer", "s", "A worker that has left stays here for an hour.",
          ("time() - max by (stack, worker) (healthd_celery_worker_last_seen_timestamp_seconds{*})", "{{stack}} {{worker}}")),
    lines("Stuck tasks", "none", "Tasks that a worker holds back although its pool has room: a pool process hangs.",
          ("max by (stack, worker) (healthd_celery_worker_stuck_tasks{*})", "{{stack}} {{worker}}"), width=12),
    lines("Consuming connections", "none", "Connections that take tasks from queues: blocked ones wait for a task right now.",
          ("max by (stack, probe, state) (healthd_celery_consumer_connections{*})", NAMED + " {{state}}"), width=12),
))  # fmt: skip

QUEUES = Row("Queues", (
    lines("Length", "none", "Messages that wait, all priorities together.",
          ("max by (stack, queue) (healthd_celery_queue_length{*})", "{{stack}} {{queue}}")),
    lines("Age of the oldest message", "s", "Between these bounds; messages carry no date, so it is told from what was seen to pass.",
          ("max by (stack, queue, bound) (healthd_celery_queue_oldest_message_age_seconds{*})", "{{stack}} {{queue}} {{bound}}")),
    lines("Since last empty", "s", "A queue that is never empty has more work than workers.",
          ("time() - max by (stack, queue) (healthd_celery_queue_last_empty_timestamp_seconds{*})", "{{stack}} {{queue}}")),
    lines("Consumers", "none", "Workers that consume each queue, as they say.",
          ("max by (stack, queue) (healthd_celery_consumers{*})", "{{stack}} {{queue}}")),
    timeline("Waiting for nobody", "Whether messages wait in a queue that no worker consumes.",
             ("max by (stack, queue) (healthd_celery_queue_without_consumer{*})", "{{stack}} {{queue}}"),
             ((0, "no", GREEN), (1, "yes", RED)), width=16),
))  # fmt: skip

TASKS = Row("Tasks", (
    lines("Running", "none", "Tasks that ran at the last inspection, by the queue they came from.",
          ("max by (stack, queue) (healthd_celery_tasks_active{*})", "{{stack}} {{queue}}")),
    lines("Longest running", "s", "Since the start of the task that runs longest; nothing while none runs.",
          (f"time() - {gauge('oldest_active_task_timestamp_seconds')[0]}", NAMED)),
    lines("Results", "ops", "Results that were stored, by outcome, as far as they were heard.",
          ("max by (stack, probe, outcome) (rate(healthd_celery_task_results_total{*}[$__rate_interval]))", NAMED + " {{outcome}}")),
    lines("Not acknowledged", "none", "Messages handed to workers and not yet acknowledged.", gauge("unacked_messages")),
    lines("Oldest not acknowledged", "s", "Beside the visibility timeout, after which the broker hands a message out again: a task runs twice.",
          (f"time() - {gauge('oldest_unacked_timestamp_seconds')[0]}", NAMED + " oldest"),
          gauge("visibility_timeout_seconds", "timeout")),
    lines("Events", "ops", "Events of tasks, where workers and clients send them.",
          ("max by (stack, probe, event) (rate(healthd_celery_task_events_total{*}[$__rate_interval]))", NAMED + " {{event}}")),
))  # fmt: skip

CANARY = Row("The test task, where it is switched on", (
    number("Came back", "none", "Whether the last test task came back in time: the only proof that a queue is consumed.",
           ("min by (stack, queue) (healthd_celery_canary_success{*})", "{{stack}} {{queue}}"), mapping=GOOD_OR_BAD, height=7, width=8),
    lines("Round trip", "s", "From sending a test task to hearing its result.",
          *quantiles("healthd_celery_canary_roundtrip_seconds", "{*}", "stack, queue", "{{stack}} {{queue}}", (0.5, 0.9))),
    lines("Since it last came back", "s", "Absent until one did.",
          ("time() - max by (stack, queue) (healthd_celery_canary_last_success_timestamp_seconds{*})", "{{stack}} {{queue}}")),
))  # fmt: skip

BEAT = Row("Beat", (
    timeline("State of Beat", "Told from the tasks that workers count. Stalled: Beat may be well, the workers are not.",
             (codes("healthd_beat_state", "stack, probe", BEAT_STATES), NAMED), BEAT_STATES, width=16),
    number("Schedulers", "none", "Beats that are seen to send. With two, every report is sent twice.",
           ("max by (stack, probe) (healthd_beat_schedulers{*})", NAMED), height=7),
    number("Last tick", "s", "How long ago the periodic task was last seen to have been sent.",
           ("time() - max by (stack, probe) (healthd_beat_last_tick_timestamp_seconds{*})", NAMED), height=7),
    took("celery|beat", width=12), failures("celery|beat", width=12),
))  # fmt: skip

BOARD = Board(
    "superset-celery", "Superset Stack / Celery and Beat",
    "Is what was queued consumed, by whom, how late, and does Beat still send?",
    (WORKERS, QUEUES, TASKS, CANARY, BEAT),
)  # fmt: skip
