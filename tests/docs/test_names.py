"""What a page calls an alert or a metric is the name of one. Links, reasons and sections are lint's (ops/check_runbooks.py)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator

import pytest
import yaml
from check_runbooks import Page

ROOT = Path(__file__).resolve().parent.parent.parent

ALERT = re.compile(r"\b(?:Superset|Nginx|Tls|Postgres|Redis|Celery|Healthd)[A-Z][A-Za-z]+\b")
METRIC = re.compile(r"\bhealthd_[a-z0-9_]+")
# Classes and keys of other people's programs that look like alerts of ours.
NO_ALERTS = {"CeleryConfig", "RedisBackend", "RedisCache", "CeleryRoom", "SupersetSecurityManager"}
# Words that look like metrics of ours: a header of messages, a role, a module.
NO_METRICS = {"healthd_sent_at", "healthd_probe", "healthd_tasks"}
SERIES = ("_bucket", "_sum", "_count")


@pytest.fixture(scope="session")
def alerts() -> set[str]:
    return {row["alert"] for row in yaml.safe_load((ROOT / "config/alerts.yaml").read_text())["alerts"]}


@pytest.fixture(scope="session")
def metrics() -> set[str]:
    text = (ROOT / "exporters/catalogue_table.cpp").read_text()
    return set(re.findall(r'Metric\{\s*"(healthd_\w+)"', text))


def lines(page: Page) -> Iterator[tuple[int, str]]:
    yield from page.prose
    for fence in page.fences:
        yield from enumerate(fence.text.splitlines(), fence.line + 1)


def unknown(pages: list[Page], pattern: re.Pattern[str], known: set[str], ignored: set[str]) -> list[str]:
    return [
        f"{page.file.relative_to(ROOT)}:{number}: {word}"
        for page in pages
        for number, text in lines(page)
        for word in pattern.findall(text)
        if word not in known | ignored
    ]


def test_every_alert_that_a_page_names_is_in_the_catalogue(pages: list[Page], alerts: set[str]) -> None:
    assert unknown(pages, ALERT, alerts, NO_ALERTS) == []


def test_every_metric_that_a_page_names_is_exported(pages: list[Page], metrics: set[str]) -> None:
    series = {name + end for name in metrics for end in SERIES}
    families = {text for name in series | metrics for text in prefixes(name)}
    assert unknown(pages, METRIC, metrics | series | families, NO_METRICS) == []


def prefixes(name: str) -> Iterator[str]:
    """`healthd_nginx` and `healthd_nginx_` stand for a family, as in `healthd_nginx_*`."""
    for at, letter in enumerate(name):
        if letter == "_":
            yield from (name[:at], name[: at + 1])


def test_no_exception_outlives_its_reason(pages: list[Page], alerts: set[str], metrics: set[str]) -> None:
    """A name on a list of exceptions that has become one of ours would hide its own misspelling."""
    assert not NO_ALERTS & alerts
    assert not NO_METRICS & metrics
