"""Every query has an answer on a stack that is well, and stays sound on one that is not."""

from __future__ import annotations

import pytest

from boards import Json, show
from empty import ONLY_ELSEWHERE, ONLY_WHEN_ILL
from life import Life
from questions import all_targets, ask, ask_variables, fill, stack_is_used


def test_every_panel_shows_something_while_all_is_well(life: Life, boards: dict[str, Json]) -> None:
    found = ask(life.prometheus, boards, life.well, ONLY_WHEN_ILL | ONLY_ELSEWHERE)
    assert not found, show(found)


def test_every_panel_stays_sound_while_parts_are_down(life: Life, boards: dict[str, Json]) -> None:
    """What comes from a frozen worker may be missing; nothing may be wrong, and what is there for faults shows them."""
    excused = {panel: "" for panel in titles(boards) if panel not in ONLY_WHEN_ILL}
    found = ask(life.prometheus, boards, life.ill, excused)
    assert not found, show(found)


def titles(boards: dict[str, Json]) -> set[tuple[str, str]]:
    return {target.key for target in all_targets(boards)}


def test_no_panel_is_excused_that_needs_no_excuse(life: Life, boards: dict[str, Json]) -> None:
    """On a busy machine a run may fail now and then; the panels that say so are then rightly not empty."""
    assert (ONLY_WHEN_ILL.keys() | ONLY_ELSEWHERE.keys()) <= titles(boards)
    by_itself = 'sum(healthd_probe_failures_total{component=~"%s"}) > 0'
    if not life.prometheus.query(by_itself % ".+", life.well).series:
        assert (ONLY_WHEN_ILL.keys() | ONLY_ELSEWHERE.keys()) <= empty(life, boards, life.well)
    if not life.prometheus.query(by_itself % "postgres|redis", life.ill).series:
        assert ONLY_ELSEWHERE.keys() <= empty(life, boards, life.ill)


def empty(life: Life, boards: dict[str, Json], at: float) -> set[tuple[str, str]]:
    found = [problem for problem in ask(life.prometheus, boards, at, {}) if problem.rule == "not_empty"]
    return {(problem.file.removesuffix(".json"), problem.panel) for problem in found}


def test_the_variables_offer_this_daemon_and_this_stack(life: Life, boards: dict[str, Json]) -> None:
    found = ask_variables(life.prometheus, boards, life.house.offered)
    assert not found, show(found)


def test_the_stack_that_was_chosen_is_the_one_that_is_shown(life: Life, boards: dict[str, Json]) -> None:
    found = stack_is_used(life.prometheus, boards)
    assert not found, show(found)


def test_no_panel_shows_the_process_of_somebody_else(life: Life, boards: dict[str, Json]) -> None:
    mine = f"127.0.0.1:{life.house.plan.ports['healthd']}"
    for target in all_targets(boards):
        for labels, _ in life.prometheus.query(fill(target.expression), life.well).series:
            assert labels.get("instance", mine) == mine, f"{target.file}: {target.panel}: {labels}"


def test_the_annotation_is_a_query_that_prometheus_takes(life: Life, boards: dict[str, Json]) -> None:
    for file, board in boards.items():
        for annotation in board["annotations"]["list"]:
            assert life.prometheus.query(fill(annotation["expr"]), life.well).error == "", file


def shown(life: Life, boards: dict[str, Json], panel: str, label: str, at: float) -> dict[str, float]:
    """The values of a panel of the overview, by one label."""
    target = next(each for each in all_targets({"o": boards["superset-overview.json"]}) if each.panel == panel)
    return {labels[label]: value for labels, value in life.prometheus.query(fill(target.expression), at).series}


def state_names(boards: dict[str, Json], panel: str) -> dict[float, str]:
    found = next(each for each in boards["superset-overview.json"]["panels"] if each["title"] == panel)
    options = found["fieldConfig"]["defaults"]["mappings"][0]["options"]
    return {float(value): option["text"] for value, option in options.items()}


@pytest.mark.parametrize("moment, state", [("well", "up"), ("ill", "down")])
def test_the_overview_says_which_part_is_down(life: Life, boards: dict[str, Json], moment: str, state: str) -> None:
    names = state_names(boards, "State of the parts")
    values = shown(life, boards, "State of the parts", "component", getattr(life, moment))
    states = {part: names[value] for part, value in values.items()}
    assert {part: states[part] for part in ("gunicorn", "celery")} == {"gunicorn": state, "celery": state}
    assert {part: states[part] for part in ("postgres", "redis")} == {"postgres": "up", "redis": "up"}


def test_the_overview_counts_what_fires_and_says_why(life: Life, boards: dict[str, Json]) -> None:
    assert shown(life, boards, "Firing alerts", "severity", life.well)["critical"] == 0
    assert shown(life, boards, "Firing alerts", "severity", life.ill)["critical"] >= 2
    assert {"connect_refused", "no_reply"} <= shown(life, boards, "Why", "reason", life.ill).keys()


def test_a_502_of_the_proxy_does_not_count_as_served(life: Life, boards: dict[str, Json]) -> None:
    """The probe is only degraded then, since nginx is well; users see an error page."""
    https = 'avg_over_time(healthd_probe_check_success{component="nginx", check="https"}[1m])'
    answered = life.prometheus.query(https, life.ill).series[0][1]
    assert shown(life, boards, "Served at the edge", "probe", life.ill)["edge"] < answered <= 1
