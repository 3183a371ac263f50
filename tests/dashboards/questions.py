"""Every query of every dashboard, asked of a real Prometheus as Grafana would ask it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from boards import ROOT, Json, Problem, targets, variables
from prometheus import Answer, Prometheus
from promql import selectors

MOST_SERIES = 50
VALUES = {"$__rate_interval": "30s", "$__range": "1m", "$job": ".+", "$instance": ".+", "$stack": ".+"}
Excuses = dict[tuple[str, str], str]  # by uid and title of the panel: why it may be empty
LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
LABEL_VALUES = re.compile(r"label_values\((.+),\s*(\w+)\)")


@dataclass(frozen=True)
class Target:
    """One query of one panel."""

    file: str
    panel: str
    expression: str
    legend: str

    @property
    def key(self) -> tuple[str, str]:
        return self.file.removesuffix(".json"), self.panel

    def complain(self, rule: str, message: str) -> Problem:
        return Problem(self.file, self.panel, rule, f"{message}: {self.expression}")


def fill(text: str) -> str:
    """With everything selected, as a dashboard opens."""
    return re.sub(r"\$\w+", lambda match: VALUES.get(match[0], match[0]), text)


def all_targets(boards: dict[str, Json]) -> list[Target]:
    return [
        Target(file, panel["title"], target["expr"], target.get("legendFormat", ""))
        for file, board in boards.items()
        for panel, target in targets(board)
    ]


def ask(prometheus: Prometheus, boards: dict[str, Json], at: float, may_be_empty: Excuses) -> list[Problem]:
    """As of the moment `at`."""
    exported, possible = prometheus.metric_names(), catalogue()
    found = []
    for target in all_targets(boards):
        empty_is_well = target.key in may_be_empty
        answer = prometheus.query(fill(target.expression), at)
        found += [target.complain(rule, message) for rule, message in judge(target, answer, empty_is_well)]
        known = exported | possible if empty_is_well else exported
        found += [target.complain("metric_exists", message) for message in strangers(target, known)]
    return found


def judge(target: Target, answer: Answer, empty_is_well: bool) -> list[tuple[str, str]]:
    if answer.error:
        return [("query_succeeds", answer.error)]
    found = [("no_warning", warning) for warning in answer.warnings]
    if "$" in fill(target.expression):
        found.append(("variables_known", "a variable has no value"))
    if not answer.series and not empty_is_well:
        found.append(("not_empty", "no series"))
    if len(answer.series) > MOST_SERIES:
        found.append(("few_series", f"{len(answer.series)} series, more than {MOST_SERIES}"))
    for labels, value in answer.series:
        if not math.isfinite(value):
            found.append(("finite", f"{value} for {labels}"))
        if missing := set(LEGEND_LABEL.findall(target.legend)) - labels.keys():
            found.append(("legend", f"no label {', '.join(sorted(missing))} in {labels}"))
        elif labels and len(answer.series) > 1 and target.legend and not LEGEND_LABEL.search(target.legend):
            found.append(("legend", "does not tell its series apart"))
    names = [LEGEND_LABEL.sub(lambda match: labels.get(match[1], ""), target.legend) for labels, _ in answer.series]
    if target.legend and len(set(names)) != len(names):
        found.append(("legend", f"the same name for several series: {sorted(names)}"))
    return found


def catalogue() -> set[str]:
    """What the daemon could export, for panels that are empty here."""
    text = (ROOT / "exporters" / "catalogue_table.cpp").read_text()
    return set(re.findall(r'Metric\{\s*"(\w+)"', text))


def strangers(target: Target, known: set[str]) -> list[str]:
    metrics = {selector.metric for selector in selectors(target.expression)}
    return [f"the daemon exports no {metric}" for metric in sorted(metrics - known)]


def stack_is_used(prometheus: Prometheus, boards: dict[str, Json]) -> list[Problem]:
    """A metric with the label `stack` is asked for the stack of the variable, and only such a one."""
    of_stacks = set(prometheus.label_values('{stack=~".+"}', "__name__"))
    known = prometheus.metric_names()
    found = []
    for target in all_targets(boards):
        for selector in selectors(target.expression):
            wanted, there = selector.metric in of_stacks, selector.has("stack", "$stack")
            if selector.metric in known and wanted != there:
                message = f'{selector.metric} {"needs" if wanted else "has no"} stack=~"$stack"'
                found.append(target.complain("stack_variable", message))
    return found


def ask_variables(prometheus: Prometheus, boards: dict[str, Json], wanted: dict[str, list[str]]) -> list[Problem]:
    found = []
    for file, board in boards.items():
        for name, values in wanted.items():
            query = variables(board)[name]["query"]
            match = LABEL_VALUES.fullmatch(query)
            offered = prometheus.label_values(fill(match[1]), match[2]) if match else []
            if offered != values:
                found.append(Problem(file, f"${name}", "variable_offers", f"offers {offered}, not {values}: {query}"))
    return found
