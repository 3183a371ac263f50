"""The rules of Grafana's dashboard linter, and what has gone wrong for others, as checks of JSON files.

Each rule is a function that yields (panel, message); its name is the name of the rule.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Callable, Iterator

from boards import Json, Problem, panels, targets, variables
from promql import selectors

Found = Iterator[tuple[str, str]]
TAG = "superset-healthd"
SOURCE = "${datasource}"
QUERY_VARIABLES = {"job": "Job", "instance": "Instance", "stack": "Stack"}
# Of Grafana's list, those in use here. A misspelt one is shown as text behind each value.
UNITS = {"none", "short", "s", "bytes", "Bps", "percentunit", "reqps", "ops", "cps"}
KINDS = {"timeseries", "stat", "table", "state-timeline"}
RATES = {"rate", "irate", "increase"}
COUNTERS = ("_total", "_bucket", "_count", "_sum")
RATE_SPAN, WHOLE_SPAN = "$__rate_interval", "$__range"


# --- the dashboard ---------------------------------------------------------------------------------------------------


def dashboard_names(board: Json) -> Found:
    if not board.get("uid") or not board.get("title") or not board.get("description"):
        yield "", "needs uid, title and description"
    if board.get("id") is not None:
        yield "", "an id belongs to one Grafana only; leave it out"
    if any(name.startswith("__") for name in board):
        yield "", "__inputs and the like do not work with provisioning"


def dashboard_is_not_editable(board: Json) -> Found:
    if board.get("editable") is not False:
        yield "", "editable has to be false: what is changed in Grafana is lost with the next file"


def dashboard_links(board: Json) -> Found:
    if TAG not in board.get("tags", []):
        yield "", f"needs the tag {TAG}, by which the others link to it"
    by_tag = [link for link in board.get("links", []) if TAG in link.get("tags", [])]
    if not any(link["type"] == "dashboards" and link.get("keepTime") and link.get("includeVars") for link in by_tag):
        yield "", "needs a link to the others by tag that keeps time and variables"


def datasource_variable(board: Json) -> Found:
    source = variables(board).get("datasource", {})
    if (source.get("type"), source.get("query"), source.get("label")) != ("datasource", "prometheus", "Data source"):
        yield "$datasource", "has to be a variable of type datasource for prometheus, with the label Data source"


def query_variables(board: Json) -> Found:
    for name, label in QUERY_VARIABLES.items():
        found = variables(board).get(name, {})
        if found.get("type") != "query" or found.get("label") != label:
            yield f"${name}", f"has to be a query variable with the label {label}"
        if (found.get("datasource") or {}).get("uid") != SOURCE:
            yield f"${name}", f"has to ask {SOURCE}"
        if not found.get("multi") or found.get("allValue") != ".+":
            yield f"${name}", "has to allow several values, and .+ for all"
        if found.get("refresh") != 2:
            yield f"${name}", "refresh has to be 2: read anew when the time range changes"
        if not str(found.get("query", "")).startswith("label_values("):
            yield f"${name}", "has to ask label_values(...)"
        if "current" in found and not {"text", "value"} <= found["current"].keys():
            yield f"${name}", "current needs text and value"


# --- panels ----------------------------------------------------------------------------------------------------------


def panel_kind(board: Json) -> Found:
    for panel in panels(board):
        if panel.get("type") not in KINDS:
            yield panel.get("title", ""), f"the kind {panel.get('type')} is none of {sorted(KINDS)}"


def panel_title_and_description(board: Json) -> Found:
    for panel in panels(board):
        if not panel.get("title") or not panel.get("description"):
            yield panel.get("title", ""), "needs a title and a description"
    for title, count in Counter(panel.get("title") for panel in panels(board)).items():
        if count > 1:
            yield str(title), f"{count} panels have this title"


def panel_unit(board: Json) -> Found:
    for panel in panels(board):
        unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit")
        if unit not in UNITS:
            yield panel.get("title", ""), f"the unit {unit} is not one that Grafana knows and we use"


def panel_datasource(board: Json) -> Found:
    for panel in panels(board):
        if (panel.get("datasource") or {}).get("uid") != SOURCE:
            yield panel.get("title", ""), f"has to use {SOURCE}"
    for panel, target in targets(board):
        if (target.get("datasource") or {}).get("uid") != SOURCE:
            yield panel.get("title", ""), f"query {target.get('refId')} has to use {SOURCE}"


def panel_targets(board: Json) -> Found:
    for panel in panels(board):
        references = [target.get("refId") for target in panel.get("targets", [])]
        if not references or None in references or len(set(references)) != len(references):
            yield panel.get("title", ""), "needs queries with a refId each"
        if not all(target.get("expr") for target in panel.get("targets", [])):
            yield panel.get("title", ""), "a query is empty"


def panel_shows_now(board: Json) -> Found:
    """The last value of a range stays on the screen when nobody knows the value any more."""
    for panel, target in targets(board):
        if panel["type"] in ("stat", "table") and (target.get("instant"), target.get("range")) != (True, False):
            yield panel["title"], f"query {target.get('refId')} has to be an instant one"


def panel_ids(board: Json) -> Found:
    for number, count in Counter(panel.get("id") for panel in board.get("panels", [])).items():
        if count > 1 or number is None:
            yield "", f"{count} panels have the id {number}"


def panel_places(board: Json) -> Found:
    for panel in board.get("panels", []):
        at = panel["gridPos"]
        if at["x"] < 0 or at["x"] + at["w"] > 24 or at["h"] < 1:
            yield panel.get("title", ""), f"does not fit into 24 columns: {at}"
    for one, other in combinations(board.get("panels", []), 2):
        a, b = one["gridPos"], other["gridPos"]
        if all(a[at] < b[at] + b[size] and b[at] < a[at] + a[size] for at, size in (("x", "w"), ("y", "h"))):
            yield one.get("title", ""), f"overlaps with {other.get('title')}"


# --- queries ---------------------------------------------------------------------------------------------------------


def target_matchers(board: Json) -> Found:
    """Otherwise another job's metrics of the same name are mixed in, and the variables do nothing."""
    for panel, target in targets(board):
        for selector in selectors(target.get("expr", "")):
            for label in ("job", "instance"):
                if not selector.has(label, f"${label}"):
                    yield panel["title"], f'{selector.metric} needs {label}=~"${label}"'


def target_counters(board: Json) -> Found:
    for panel, target in targets(board):
        for selector in selectors(target.get("expr", "")):
            if selector.metric.endswith(COUNTERS) and selector.function not in RATES:
                yield panel["title"], f"{selector.metric} is a counter: it has to stand in rate() or increase()"


def target_ranges(board: Json) -> Found:
    for panel, target in targets(board):
        for selector in selectors(target.get("expr", "")):
            allowed = {RATE_SPAN} if selector.function in ("rate", "irate") else {RATE_SPAN, WHOLE_SPAN}
            if selector.range and selector.range not in allowed:
                wanted = " or ".join(sorted(allowed))
                yield panel["title"], f"the range of {selector.metric} is [{selector.range}], not {wanted}"


DASHBOARD_RULES: list[Callable[[Json], Found]] = [
    dashboard_names, dashboard_is_not_editable, dashboard_links, datasource_variable, query_variables, panel_kind,
    panel_title_and_description, panel_unit, panel_datasource, panel_targets, panel_shows_now, panel_ids, panel_places,
    target_matchers, target_counters, target_ranges,
]  # fmt: skip


def unique_names(boards: dict[str, Json]) -> list[Problem]:
    """Two files with one uid or title, and Grafana provisions no file of the provider any more."""
    found = []
    for what in ("uid", "title"):
        for name, count in Counter(board.get(what) for board in boards.values()).items():
            twice = [file for file, board in boards.items() if board.get(what) == name]
            if count > 1:
                found.append(Problem(twice[-1], "", "unique_names", f"the {what} {name} is also that of {twice[0]}"))
    return found


def lint(boards: dict[str, Json]) -> list[Problem]:
    found = unique_names(boards)
    for file, board in boards.items():
        for rule in DASHBOARD_RULES:
            found += [Problem(file, panel, rule.__name__, message) for panel, message in rule(board)]
    return found
