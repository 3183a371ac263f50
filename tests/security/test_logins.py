"""Users and passwords: who gets in, and what it costs the others when somebody guesses."""

from __future__ import annotations

import base64
import threading
import time
from collections import Counter
from typing import Callable

import latency
import pytest
from place import PASSWORD, Place, bcrypt

PAGES = ["/", "/metrics", "/-/ready", "/api/v1/status", "/api/v1/alerts", "/api/v1/incidents", "/runbooks/", "/style.css", "/none"]


def login(user: str, password: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() + "\r\n"


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    return make_place(web={"basic_auth_users": {"prometheus": bcrypt(PASSWORD)}})


def test_every_page_but_the_supervisors_needs_a_login(place: Place) -> None:
    right = login("prometheus", PASSWORD)
    for page in PAGES:
        answer = place.get(page)
        assert answer.status == 401 and answer.field("WWW-Authenticate").startswith("Basic realm="), page
        assert b"healthd_" not in answer.body and b"security" not in answer.body
        assert place.get(page, fields=right).status not in (401, 429), page
    healthy = place.get("/-/healthy")
    assert healthy.status == 200
    assert healthy.body == b"The event loop is alive.\n", "no version, no stack, no path"
    for page in ["/-/healthy/../metrics", "/-/healthy%2f..%2fmetrics", "//-/healthy", "/-/healthy;/metrics"]:
        assert place.get(page).status == 401, page


def test_wrong_logins_are_refused_then_held_back_and_the_known_one_stays_in(place: Place) -> None:
    right = login("prometheus", PASSWORD)
    assert place.get("/metrics", fields=right).status == 200
    seen = Counter(place.get("/metrics", fields=login("prometheus", f"guess {number}")).status for number in range(14))
    assert set(seen) <= {401, 429} and seen[429] > 0, seen
    held_back = place.get("/metrics", fields=login("nobody", PASSWORD))
    assert held_back.status == 429 and held_back.field("Retry-After")
    assert place.get("/metrics", fields=right).status == 200
    assert place.log_text().count("logins_throttled") == 1
    for told in ["guess", PASSWORD, "prometheus"]:
        assert told not in place.log_text()


def test_guessing_in_parallel_holds_up_neither_the_loop_nor_those_who_are_in(place: Place) -> None:
    right = login("prometheus", PASSWORD)
    assert place.get("/metrics", fields=right).status == 200
    idle = latency.idle_p99(place, right)
    before = late(place, right)
    stop = time.monotonic() + 4
    seen: Counter[int] = Counter()

    def guess(number: int) -> None:
        while time.monotonic() < stop:
            seen[place.get("/metrics", fields=login("prometheus", f"{number} {time.monotonic()}")).status] += 1

    sampler = latency.Sampler(place, right)
    threads = [threading.Thread(target=guess, args=(number,)) for number in range(12)]
    with sampler.running():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    after = late(place, right)
    print(f"guesses by status: {dict(seen)}; turns of the loop over 200 ms late: {after - before:g}")
    assert set(seen) <= {401, 429, 503} and sum(seen.values()) > 12
    assert after - before <= 1, "the loop was held up"
    latency.check("guessing", sampler, idle)


def late(place: Place, fields: str) -> float:
    """How often the loop was more than 0.2 s late."""
    bucket = total = 0.0
    for line in place.page("/metrics", fields).splitlines():
        if line.startswith("healthd_scheduler_lag_seconds_bucket") and 'le="0.2"' in line:
            bucket = float(line.rsplit(" ", 1)[1])
        if line.startswith("healthd_scheduler_lag_seconds_count"):
            total = float(line.rsplit(" ", 1)[1])
    assert total, "there is no healthd_scheduler_lag_seconds"
    return total - bucket
