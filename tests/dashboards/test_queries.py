"""Every query has an answer on a stack that is well, and stays sound on one that is not."""

from __future__ import annotations

import pytest

from boards import Json, Problem, show
from empty import ONLY_ELSEWHERE, ONLY_WHEN_ILL
from house import House
from questions import all_targets, ask, ask_variables, fill, stack_is_used


def test_every_panel_shows_something_while_all_is_well(house: House, boards: dict[str, Json]) -> None:
    found = ask(house.prometheus, boards, house.well, ONLY_WHEN_ILL | ONLY_ELSEWHERE)
    assert not found, show(found)


def test_every_panel_stays_sound_while_parts_are_down(house: House, boards: dict[str, Json]) -> None:
    """What comes from a frozen worker may be missing; nothing may be wrong, and what is there for faults shows them."""
    excused = {panel: "" for panel in titles(boards) if panel not in ONLY_WHEN_ILL}
    found = ask(house.prometheus, boards, house.ill, excused)
    assert not found, show(found)


def titles(boards: dict[str, Json]) -> set[tuple[str, str]]:
    return {(target.file.removesuffix(".json"), target.panel) for target in all_targets(boards)}


def key(problem: Problem) -> tuple[str, str]:
    return problem.file.removesuffix(".json"), problem.panel


def test_no_panel_is_excused_that_needs_no_excuse(house: House, boards: dict[str, Json]) -> None:
    assert (ONLY_WHEN_ILL.keys() | ONLY_ELSEWHERE.keys()) <= titles(boards)
    for moment, excused in ((house.well, ONLY_WHEN_ILL | ONLY_ELSEWHERE), (house.ill, ONLY_ELSEWHERE)):
        empty = {key(problem) for problem in ask(house.prometheus, boards, moment, {}) if problem.rule == "not_empty"}
        assert excused.keys() <= empty


def test_the_variables_offer_this_daemon_and_this_stack(house: House, boards: dict[str, Json]) -> None:
    found = ask_variables(house.prometheus, boards, house.offered)
    assert not found, show(found)


def test_the_stack_that_was_chosen_is_the_one_that_is_shown(house: House, boards: dict[str, Json]) -> None:
    found = stack_is_used(house.prometheus, boards)
    assert not found, show(found)


def test_no_panel_shows_the_process_of_somebody_else(house: House, boards: dict[str, Json]) -> None:
    mine = f"127.0.0.1:{house.plan.ports['healthd']}"
    for target in all_targets(boards):
        for labels, _ in house.prometheus.query(fill(target.expression), house.well).series:
            assert labels.get("instance", mine) == mine, f"{target.file}: {target.panel}: {labels}"


def test_the_annotation_is_a_query_that_prometheus_takes(house: House, boards: dict[str, Json]) -> None:
    for file, board in boards.items():
        for annotation in board["annotations"]["list"]:
            assert house.prometheus.query(fill(annotation["expr"]), house.well).error == "", file


def shown(house: House, boards: dict[str, Json], panel: str, label: str, at: float) -> dict[str, float]:
    """The values of a panel of the overview, by one label."""
    target = next(each for each in all_targets({"o": boards["superset-overview.json"]}) if each.panel == panel)
    return {labels[label]: value for labels, value in house.prometheus.query(fill(target.expression), at).series}


def state_names(boards: dict[str, Json], panel: str) -> dict[float, str]:
    found = next(each for each in boards["superset-overview.json"]["panels"] if each["title"] == panel)
    options = found["fieldConfig"]["defaults"]["mappings"][0]["options"]
    return {float(value): option["text"] for value, option in options.items()}


@pytest.mark.parametrize("moment, state", [("well", "up"), ("ill", "down")])
def test_the_overview_says_which_part_is_down(house: House, boards: dict[str, Json], moment: str, state: str) -> None:
    names = state_names(boards, "State of the parts")
    states = {part: names[value] for part, value in shown(house, boards, "State of the parts", "component", getattr(house, moment)).items()}
    assert {part: states[part] for part in ("gunicorn", "celery")} == {"gunicorn": state, "celery": state}
    assert {part: states[part] for part in ("postgres", "redis")} == {"postgres": "up", "redis": "up"}


def test_the_overview_counts_what_fires_and_says_why(house: House, boards: dict[str, Json]) -> None:
    assert shown(house, boards, "Firing alerts", "severity", house.well)["critical"] == 0
    assert shown(house, boards, "Firing alerts", "severity", house.ill)["critical"] >= 2
    assert {"connect_refused", "no_reply"} <= shown(house, boards, "Why", "reason", house.ill).keys()


def test_a_502_of_the_proxy_does_not_count_as_served(house: House, boards: dict[str, Json]) -> None:
    """The probe is only degraded then, since nginx is well; users see an error page."""
    https = 'avg_over_time(healthd_probe_check_success{component="nginx", check="https"}[1m])'
    answered = house.prometheus.query(https, house.ill).series[0][1]
    assert shown(house, boards, "Served at the edge", "probe", house.well)["edge"] == 1
    assert shown(house, boards, "Served at the edge", "probe", house.ill)["edge"] < answered <= 1
