"""Mistakes made on purpose: for each one, what is said about the spoilt dashboards, and by which check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import pytest

from boards import Json, Problem, panels, show, variables
from empty import ONLY_ELSEWHERE, ONLY_WHEN_ILL
from life import Life
from linter import lint
from questions import ask, ask_variables, stack_is_used

FILE = "superset-redis.json"


def panel(boards: dict[str, Json], title: str) -> Json:
    return next(each for each in panels(boards[FILE]) if each["title"] == title)


def replace(title: str, old: str, new: str) -> Callable[[dict[str, Json]], None]:
    """In the first query of a panel."""

    def spoil(boards: dict[str, Json]) -> None:
        target = panel(boards, title)["targets"][0]
        assert old in target["expr"], f"the mistake cannot be made: {target['expr']}"
        target["expr"] = target["expr"].replace(old, new)

    return spoil


def hard_wire(boards: dict[str, Json]) -> None:
    panel(boards, "Memory")["datasource"] = {"type": "prometheus", "uid": "superset-prometheus"}


def overlap(boards: dict[str, Json]) -> None:
    panel(boards, "Memory")["gridPos"]["x"] += 1


def same_uid(boards: dict[str, Json]) -> None:
    boards[FILE]["uid"] = "superset-postgres"


def same_title(boards: dict[str, Json]) -> None:
    boards[FILE]["title"] = "Superset Stack / PostgreSQL"


def same_id(boards: dict[str, Json]) -> None:
    panel(boards, "Memory")["id"] = panel(boards, "Clients")["id"]


def no_unit(boards: dict[str, Json]) -> None:
    panel(boards, "Memory")["fieldConfig"]["defaults"]["unit"] = "byte"


def no_description(boards: dict[str, Json]) -> None:
    panel(boards, "Memory")["description"] = ""


def of_the_past(boards: dict[str, Json]) -> None:
    panel(boards, "Answers PING")["targets"][0] |= {"instant": False, "range": True}


def editable(boards: dict[str, Json]) -> None:
    boards[FILE]["editable"] = True


def stale_variable(boards: dict[str, Json]) -> None:
    variables(boards[FILE])["stack"]["refresh"] = 1


def wrong_variable(boards: dict[str, Json]) -> None:
    variables(boards[FILE])["stack"]["query"] = "label_values(healthd_probe_info, stak)"


def vague_legend(boards: dict[str, Json]) -> None:
    panel(boards, "Error replies")["targets"][0]["legendFormat"] = "{{stack}} {{probe}}"


@dataclass(frozen=True)
class Mistake:
    """`rule`: of linter.py or questions.py; `panel`: empty for the whole dashboard."""

    name: str
    spoil: Callable[[dict[str, Json]], None]
    rule: str
    panel: str = "Memory"

    def __str__(self) -> str:
        return self.name

    def caught(self, found: list[Problem]) -> bool:
        return any((problem.file, problem.panel, problem.rule) == (FILE, self.panel, self.rule) for problem in found)


COMMANDS, MEMORY, PING, ERRORS, SHARE = "Commands", "Memory", "Answers PING", "Error replies", "Share of the limit"
USED = "max by (stack, probe) (healthd_redis_memory_used_bytes{"
LIMIT = "max by (stack, probe) (healthd_redis_memory_max_bytes{"
MANY = "max by (probe, reason) (healthd_probe_failures_total{"
STACK = 'stack=~"$stack"'

IN_THE_FILE = [
    Mistake("a raw counter", replace(COMMANDS, "rate(", "("), "target_counters", COMMANDS),
    Mistake("a counter in max_over_time", replace(COMMANDS, "rate(", "max_over_time("), "target_counters", COMMANDS),
    Mistake("a fixed range", replace(COMMANDS, "$__rate_interval", "5m"), "target_ranges", COMMANDS),
    Mistake("the whole range in rate", replace(COMMANDS, "$__rate_interval", "$__range"), "target_ranges", COMMANDS),
    Mistake("no job", replace(MEMORY, 'job=~"$job", ', ""), "target_matchers"),
    Mistake("one instance only", replace(MEMORY, 'instance=~"$', 'instance="$'), "target_matchers"),
    Mistake("a hard-wired data source", hard_wire, "panel_datasource"),
    Mistake("an overlap", overlap, "panel_places"),
    Mistake("a uid twice", same_uid, "unique_names", ""),
    Mistake("a title twice", same_title, "unique_names", ""),
    Mistake("an id twice", same_id, "panel_ids", ""),
    Mistake("an unknown unit", no_unit, "panel_unit"),
    Mistake("no description", no_description, "panel_title_and_description"),
    Mistake("a number of the past", of_the_past, "panel_shows_now", PING),
    Mistake("editable", editable, "dashboard_is_not_editable", ""),
    Mistake("a variable that is read once", stale_variable, "query_variables", "$stack"),
]  # fmt: skip
IN_THE_ANSWER = [
    Mistake("a metric misspelt", replace(MEMORY, "memory_used", "memory_use"), "metric_exists"),
    Mistake("a metric misspelt, so no data", replace(MEMORY, "memory_used", "memory_use"), "not_empty"),
    Mistake("a label lost", replace(MEMORY, "by (stack, probe)", "by (stack)"), "legend"),
    Mistake("a label that there is not", replace(ERRORS, "probe, error", "probe, errors"), "legend", ERRORS),
    Mistake("a legend that names two alike", vague_legend, "legend", ERRORS),
    Mistake("a value that never is", replace(PING, STACK, STACK + ', component="reddis"'), "not_empty", PING),
    Mistake("a syntax error", replace(MEMORY, USED, "(" + USED), "query_succeeds"),
    Mistake("a variable that there is not", replace(MEMORY, "$stack", "$stacks"), "variables_known"),
    Mistake("a division by nothing", replace(SHARE, LIMIT, "0 * " + LIMIT), "finite", SHARE),
    Mistake("far too many series", replace(MEMORY, USED, MANY), "few_series"),
    Mistake("any stack", replace(MEMORY, ", " + STACK, ""), "stack_variable"),
    Mistake("a variable without values", wrong_variable, "variable_offers", "$stack"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", IN_THE_FILE, ids=str)
def test_the_rules_find(mistake: Mistake, boards: dict[str, Json]) -> None:
    mistake.spoil(boards)
    found = lint(boards)
    assert mistake.caught(found), show(found) or "nothing was found"


@pytest.mark.parametrize("mistake", IN_THE_ANSWER, ids=str)
def test_the_queries_find(mistake: Mistake, life: Life, boards: dict[str, Json]) -> None:
    mistake.spoil(boards)
    spoilt = {FILE: boards[FILE]}
    found = ask(life.prometheus, spoilt, life.well, ONLY_WHEN_ILL | ONLY_ELSEWHERE)
    found += stack_is_used(life.prometheus, spoilt) + ask_variables(life.prometheus, spoilt, life.house.offered)
    assert mistake.caught(found), show(found) or "nothing was found"
