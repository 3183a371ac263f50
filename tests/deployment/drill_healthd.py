"""Drills of the pages about the monitor itself."""

from __future__ import annotations

from drill_case import Case
from engine_watch import Watch


def other_password(watch: Watch) -> None:
    watch.deployment.sql("alter role healthd password 'another'")


def no_statistics(watch: Watch) -> None:
    watch.deployment.sql("revoke pg_monitor from healthd")


def no_info(watch: Watch) -> None:
    watch.deployment.redis("acl", "setuser", "healthd", "-info")


def freeze(watch: Watch) -> None:
    watch.room.do(["sh", "-c", "kill -STOP $(cat /run/superset-healthd.pid)"])


def down(watch: Watch) -> None:
    watch.room.do(["systemctl", "stop", "superset-healthd"])


ALLOWED = (r"^metadata +up ", r"^broker +up ", r"\| t$")

CASES = (
    Case("HealthdDown", "stopped", down, steps=(1,), verified=(r"200$",),
         broken=(r"^inactive$", r"\(7\)"), healthy=(r"^active$", r"^200$", r"^edge +up ")),
    Case("HealthdProbeStale", "frozen", freeze, steps=(3,), broken=(r"\(28\)", r"^edge +up "),
         healthy=(r"^edge up ", r"^broker up ", r"^edge +up ")),
    Case("HealthdMonitorUnprivileged", "password", other_password, steps=(1,), healthy=ALLOWED, broken=(r"^metadata .*(auth|password)",)),
    Case("HealthdMonitorUnprivileged", "pg-monitor", no_statistics, steps=(2,), healthy=ALLOWED, broken=(r"\| f$",)),
    Case("HealthdMonitorUnprivileged", "redis-info", no_info, steps=(3,), healthy=ALLOWED, broken=(r"^broker .*permission",)),
)  # fmt: skip
