"""As much of PromQL as the rules need: which metrics an expression selects, how, and inside of which function.

Whether an expression is PromQL at all is for Prometheus to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\{[^}]*\}|[A-Za-z_:][\w:]*|[()]|[^\s\w]|[\d.]+\w*')
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_LABEL_LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}
_WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"} | _LABEL_LISTS


@dataclass(frozen=True)
class Selector:
    """`range` is the text between brackets, or empty; `function` is the innermost one around it."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    range: str
    function: str

    def has(self, label: str, value: str) -> bool:
        return (label, "=~", value) in self.matchers

    def names(self, label: str) -> bool:
        return any(name == label for name, _, _ in self.matchers)


def selectors(expression: str) -> list[Selector]:
    tokens = _TOKEN.findall(expression)
    around: list[str] = []
    found = []
    for i, token in enumerate(tokens):
        if token == "(":
            before = tokens[i - 1] if i else ""
            around.append(before if re.fullmatch(r"[A-Za-z_]\w*", before) else "")
        elif token == ")" and around:
            around.pop()
        elif _is_metric(tokens, i, around):
            found.append(_read(tokens, i, next((name for name in reversed(around) if name), "")))
    return found


def _is_metric(tokens: list[str], i: int, around: list[str]) -> bool:
    """A name that is neither a function, nor an operator, nor in a list of labels."""
    if not re.fullmatch(r"[A-Za-z_:][\w:]*", tokens[i]) or tokens[i].lower() in _WORDS:
        return False
    if around and around[-1] in _LABEL_LISTS:
        return False
    behind = tokens[i + 1] if i + 1 < len(tokens) else ""
    aggregates = behind in _LABEL_LISTS
    return behind != "(" and not aggregates


def _read(tokens: list[str], i: int, function: str) -> Selector:
    rest = tokens[i + 1 : i + 3]
    matchers: tuple[tuple[str, str, str], ...] = ()
    if rest and rest[0].startswith("{"):
        matchers = tuple(_MATCHER.findall(rest.pop(0)))
    span = rest[0][1:-1] if rest and rest[0].startswith("[") else ""
    return Selector(tokens[i], matchers, span, function)
