"""The shape of a dashboard: short tables in, Grafana's JSON out. Every panel of every dashboard is made here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TAG = "superset-healthd"
SCHEMA_VERSION = 38
SITE = 'job=~"$job", instance=~"$instance"'
STACK = f'{SITE}, stack=~"$stack"'
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, Any]
Mapping = tuple[tuple[int, str, str], ...]  # value, text, colour

GREEN, YELLOW, RED, BLUE, GREY = "green", "yellow", "red", "blue", "#808080"


@dataclass(frozen=True)
class Panel:
    """One panel. `mapping` gives texts and colours to values; `otherwise` is the colour of the rest."""

    kind: str
    title: str
    unit: str
    description: str
    queries: tuple[tuple[str, str], ...]  # expression, legend
    width: int = 8
    height: int = 7
    mapping: Mapping = ()
    otherwise: str = "text"
    stacked: bool = False
    lowest: float | None = None
    highest: float | None = None
    decimals: int | None = None


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """One dashboard. `uid` is also the name of its file."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]


def expand(expression: str) -> str:
    """`{*}` stands for the matchers of the variables; `{-}` for those without `stack`, which the daemon's own lack."""
    return " ".join(expression.split()).replace("{*", "{" + STACK).replace("{-", "{" + SITE)


# --- kinds of panels -------------------------------------------------------------------------------------------------


def lines(title: str, unit: str, description: str, *queries: tuple[str, str], **more: Any) -> Panel:
    more.setdefault("lowest", 0)
    return Panel("timeseries", title, unit, description, queries, **more)


def number(title: str, unit: str, description: str, *queries: tuple[str, str], **more: Any) -> Panel:
    more = {"width": 4, "height": 5} | more
    return Panel("stat", title, unit, description, queries, **more)


def timeline(title: str, description: str, query: tuple[str, str], mapping: Mapping, **more: Any) -> Panel:
    return Panel("state-timeline", title, "none", description, (query,), mapping=mapping, **more)


def table(title: str, description: str, query: tuple[str, str], **more: Any) -> Panel:
    """Its labels are the columns."""
    return Panel("table", title, "none", description, (query,), **more)


GOOD_OR_BAD = ((0, "no", RED), (1, "yes", GREEN))
NO_OR_YES = ((0, "no", GREEN), (1, "yes", YELLOW))
NONE = ((0, "none", GREEN),)
ON_OR_OFF = ((0, "off", GREEN), (1, "on", YELLOW))


# --- JSON ------------------------------------------------------------------------------------------------------------


def to_json(board: Board) -> Json:
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": [TAG],
        "editable": False,
        "graphTooltip": 1,
        "schemaVersion": SCHEMA_VERSION,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "links": [_links()],
        "annotations": {"list": [_annotation()]},
        "templating": {"list": _variables()},
        "panels": _place(board.rows),
    }


def _links() -> Json:
    """To the other dashboards, with the same time and the same stack."""
    return {
        "type": "dashboards", "title": "Superset Stack", "tags": [TAG], "asDropdown": True, "includeVars": True,
        "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "", "url": "",
    }  # fmt: skip


def _annotation() -> Json:
    """Where Prometheus judges as well (ops/prometheus), its alerts are marked. These carry neither job nor instance."""
    return {
        "name": "Alerts of Prometheus", "datasource": DATASOURCE, "enable": True, "hide": False, "iconColor": RED,
        "expr": 'ALERTS{alertstate="firing", stack=~"$stack"}', "titleFormat": "{{alertname}}",
        "textFormat": "{{component}} {{probe}}", "tagKeys": "severity", "step": "30s",
    }  # fmt: skip


def _variables() -> list[Json]:
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1},
        _variable("job", "Job", "label_values(healthd_build_info, job)"),
        _variable("instance", "Instance", 'label_values(healthd_build_info{job=~"$job"}, instance)'),
        _variable("stack", "Stack", f"label_values(healthd_probe_info{{{SITE}}}, stack)"),
    ]


def _variable(name: str, label: str, query: str) -> Json:
    return {
        "name": name, "label": label, "type": "query", "datasource": DATASOURCE, "query": query, "definition": query,
        "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".+", "hide": 0,
        "current": {"text": ["All"], "value": ["$__all"]},
    }  # fmt: skip


def _place(rows: tuple[Row, ...]) -> list[Json]:
    """From left to right, 24 columns wide; a row begins a new line."""
    placed: list[Json] = []
    top = 0
    for row in rows:
        placed.append({"id": len(placed) + 1, "type": "row", "title": row.title, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}})  # fmt: skip
        top, left, tallest = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > 24:
                top, left, tallest = top + tallest, 0, 0
            where = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            placed.append(_panel(panel, len(placed) + 1, where))
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest
    return placed


def _panel(panel: Panel, number: int, where: Json) -> Json:
    made: Json = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": where,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(panel, i, query) for i, query in enumerate(panel.queries)],
    }
    if panel.kind == "table":
        hidden = {"Time": True, "Value": True}
        made["transformations"] = [{"id": "organize", "options": {"excludeByName": hidden}}]
    return made


def _target(panel: Panel, index: int, query: tuple[str, str]) -> Json:
    expression, legend = query
    made: Json = {"refId": chr(ord("A") + index), "datasource": DATASOURCE, "editorMode": "code"}
    made["expr"] = expand(expression)
    if panel.kind == "table":
        return made | {"instant": True, "range": False, "format": "table"}
    now = panel.kind == "stat"  # over a range it would go on showing what is not known any more
    return made | {"range": not now, "instant": now, "format": "time_series", "legendFormat": legend}


def _defaults(panel: Panel) -> Json:
    colors = "palette-classic" if panel.kind == "timeseries" else "thresholds"
    made: Json = {"unit": panel.unit, "color": {"mode": colors}}
    made["thresholds"] = {"mode": "absolute", "steps": [{"color": panel.otherwise, "value": None}]}
    made["mappings"] = [{"type": "value", "options": _texts(panel.mapping)}] if panel.mapping else []
    for name, value in (("min", panel.lowest), ("max", panel.highest), ("decimals", panel.decimals)):
        if value is not None:
            made[name] = value
    if panel.kind == "timeseries":
        made["custom"] = {
            "lineWidth": 1, "fillOpacity": 30 if panel.stacked else 8, "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }  # fmt: skip
    return made


def _texts(mapping: Mapping) -> Json:
    return {str(value): {"text": text, "color": color, "index": i} for i, (value, text, color) in enumerate(mapping)}


_OPTIONS: dict[str, Json] = {
    "timeseries": {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
                   "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value",
             "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto", "wideLayout": True,
             "showPercentChange": False, "percentChangeColorMode": "standard"},
    "state-timeline": {"showValue": "auto", "mergeValues": True, "rowHeight": 0.85, "alignValue": "left",
                       "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
                       "tooltip": {"mode": "single", "sort": "none"}},
    "table": {"showHeader": True, "cellHeight": "sm", "frameIndex": 0},
}  # fmt: skip
