"""Every drill, the eight of the short form first in each part of the stack."""

from __future__ import annotations

import drill_celery
import drill_healthd
import drill_postgres
import drill_redis
import drill_superset
from drill_case import Case

CASES: tuple[Case, ...] = (
    *drill_redis.CASES, *drill_postgres.CASES, *drill_celery.CASES, *drill_superset.CASES, *drill_healthd.CASES,
)  # fmt: skip
