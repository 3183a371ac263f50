"""Workers, queues and Beat: is what was queued consumed, and does Beat still send."""

from __future__ import annotations

from board import BLUE, GOOD_OR_BAD, GREEN, GREY, RED, YELLOW, Board, Row, lines, number, timeline
from common import checks, failures, took
from queries import age, codes, gauge, lowest, quantiles, rate

WORKER_STATES = (
    (0, "healthy", GREEN), (1, "unknown", GREY), (2, "stopped", GREY), (3, "busy_solo", BLUE), (4, "saturated", YELLOW),
    (5, "detached", RED), (6, "hung", RED), (7, "catatonic", RED), (8, "dead", RED),
)  # fmt: skip
BEAT_STATES = (
    (0, "alive", GREEN), (1, "unknown", GREY), (2, "stalled", YELLOW), (3, "silent", YELLOW), (4, "hung", RED),
    (5, "dead", RED),
)  # fmt: skip


WORKERS = Row("Workers", (
    timeline("State of each worker",
             "Judged by what it consumes, not by its heartbeats. Catatonic: it answers, and takes no task.",
             codes("healthd_celery_worker_state", "stack, worker", WORKER_STATES), WORKER_STATES, width=16),
    lines("Workers", "none", "That answered the last ping, that heard it, and that there should be.",
          gauge("healthd_celery_workers_online", "online"), gauge("healthd_celery_worker_receivers", "heard it"),
          gauge("healthd_celery_workers_expected", "expected")),
    checks("celery|beat", "workers and Beat: replies, queues, pools, ticks, and the test task where it is on"),
    lines("Since each worker's last answer", "s", "A worker that has left stays here for an hour.",
          age("healthd_celery_worker_last_seen_timestamp_seconds", by="stack, worker")),
    lines("Stuck tasks", "none", "Tasks that a worker holds back although its pool has room: a pool process hangs.",
          gauge("healthd_celery_worker_stuck_tasks", by="stack, worker"), width=12),
    lines("Consuming connections", "none",
          "Connections that take tasks from queues: blocked ones wait for a task right now.",
          gauge("healthd_celery_consumer_connections", by="stack, probe, state"), width=12),
))  # fmt: skip

QUEUES = Row("Queues", (
    lines("Length", "none", "Messages that wait, all priorities together.",
          gauge("healthd_celery_queue_length", by="stack, queue")),
    lines("Age of the oldest message", "s",
          "Between these bounds; messages carry no date, so it is told from what was seen to pass.",
          gauge("healthd_celery_queue_oldest_message_age_seconds", by="stack, queue, bound")),
    lines("Since last empty", "s", "A queue that is never empty has more work than workers.",
          age("healthd_celery_queue_last_empty_timestamp_seconds", by="stack, queue")),
    lines("Consumers", "none", "Workers that consume each queue, as they say.",
          gauge("healthd_celery_consumers", by="stack, queue")),
    timeline("Waiting for nobody", "Whether messages wait in a queue that no worker consumes.",
             gauge("healthd_celery_queue_without_consumer", by="stack, queue"), ((0, "no", GREEN), (1, "yes", RED)),
             width=16),
))  # fmt: skip

TASKS = Row("Tasks", (
    lines("Running", "none", "Tasks that ran at the last inspection, by the queue they came from.",
          gauge("healthd_celery_tasks_active", by="stack, queue")),
    lines("Longest running", "s", "Since the start of the task that runs longest; nothing while none runs.",
          age("healthd_celery_oldest_active_task_timestamp_seconds")),
    lines("Results", "ops", "Results that were stored, by outcome, as far as they were heard.",
          rate("healthd_celery_task_results_total", by="stack, probe, outcome")),
    lines("Not acknowledged", "none", "Messages handed to workers and not yet acknowledged.",
          gauge("healthd_celery_unacked_messages")),
    lines("Oldest not acknowledged", "s",
          "Beside the visibility timeout, after which the broker hands a message out again: a task runs twice.",
          age("healthd_celery_oldest_unacked_timestamp_seconds", "oldest"),
          gauge("healthd_celery_visibility_timeout_seconds", "timeout")),
    lines("Events", "ops", "Events of tasks, where workers and clients send them.",
          rate("healthd_celery_task_events_total", by="stack, probe, event")),
))  # fmt: skip

CANARY = Row("The test task, where it is switched on", (
    number("Came back", "none",
           "Whether the last test task came back in time: the only proof that a queue is consumed.",
           lowest("healthd_celery_canary_success", by="stack, queue"), mapping=GOOD_OR_BAD, height=7, width=8),
    lines("Round trip", "s", "From sending a test task to hearing its result.",
          *quantiles("healthd_celery_canary_roundtrip_seconds", "stack, queue", levels=(0.5, 0.9))),
    lines("Since it last came back", "s", "Absent until one did.",
          age("healthd_celery_canary_last_success_timestamp_seconds", by="stack, queue")),
))  # fmt: skip

BEAT = Row("Beat", (
    timeline("State of Beat", "Told from the tasks that workers count. Stalled: Beat may be well, the workers are not.",
             codes("healthd_beat_state", "stack, probe", BEAT_STATES), BEAT_STATES, width=16),
    number("Schedulers", "none", "Beats that are seen to send. With two, every report is sent twice.",
           gauge("healthd_beat_schedulers"), height=7),
    number("Last tick", "s", "How long ago the periodic task was last seen to have been sent.",
           age("healthd_beat_last_tick_timestamp_seconds"), height=7),
    took("celery|beat", width=12),
    failures("celery|beat", width=12),
))  # fmt: skip

BOARD = Board(
    "superset-celery", "Superset Stack / Celery and Beat",
    "Is what was queued consumed, by whom, how late, and does Beat still send?",
    (WORKERS, QUEUES, TASKS, CANARY, BEAT),
)  # fmt: skip
