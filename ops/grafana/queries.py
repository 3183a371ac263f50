"""Queries as (expression, legend), written the same way everywhere.

`by`: the labels that tell series apart, which make the legend; `note`: what follows it; `only`: further matchers. Of
several daemons that watch one stack the one that sees the most, or for `lowest` the least, is shown.
"""

from __future__ import annotations

Query = tuple[str, str]
PROBE = "stack, probe"


def _select(metric: str, only: str, own: bool) -> str:
    """`own`: of the daemon itself, which carries no `stack`. See board.expand()."""
    return f"{metric}{{{'-' if own else '*'}{', ' + only if only else ''}}}"


def legend(by: str, note: str = "") -> str:
    return " ".join(["{{" + label + "}}" for label in by.split(", ")] + ([note] if note else []))


def gauge(metric: str, note: str = "", by: str = PROBE, only: str = "", own: bool = False, how: str = "max") -> Query:
    return f"{how} by ({by}) ({_select(metric, only, own)})", legend(by, note)


def lowest(metric: str, note: str = "", by: str = PROBE, only: str = "", own: bool = False) -> Query:
    return gauge(metric, note, by, only, own, "min")


def rate(metric: str, note: str = "", by: str = PROBE, only: str = "", own: bool = False, how: str = "max") -> Query:
    return f"{how} by ({by}) (rate({_select(metric, only, own)}[$__rate_interval]))", legend(by, note)


def total_rate(metric: str, note: str = "", by: str = PROBE, only: str = "", own: bool = False) -> Query:
    return rate(metric, note, by, only, own, "sum")


def growth(metric: str, note: str = "", by: str = PROBE, only: str = "", own: bool = False, how: str = "sum") -> Query:
    """How many within the last `$__rate_interval`, so that no point in time is left out."""
    return f"{how} by ({by}) (increase({_select(metric, only, own)}[$__rate_interval]))", legend(by, note)


def ever(metric: str, by: str, own: bool = False) -> Query:
    """How many in the whole time range."""
    return f"max by ({by}) (increase({_select(metric, '', own)}[$__range]))", legend(by)


def happened(metric: str, by: str, only: str = "", own: bool = False) -> Query:
    """No line for what did not happen."""
    expression, name = growth(metric, "", by, only, own)
    return f"{expression} > 0", name


def age(metric: str, note: str = "", by: str = PROBE, own: bool = False) -> Query:
    """Seconds since a moment."""
    return f"time() - {gauge(metric, by=by, own=own)[0]}", legend(by, note)


def until(metric: str, by: str = PROBE) -> Query:
    """Seconds to a moment."""
    return f"{lowest(metric, by=by)[0]} - time()", legend(by)


def in_all(metric: str, note: str = "") -> Query:
    """The sum over the states of each probe."""
    return f"max by ({PROBE}) ({gauge(metric, by=f'instance, {PROBE}', how='sum')[0]})", legend(PROBE, note)


def minus(one: Query, other: Query, note: str = "") -> Query:
    return f"{one[0]} - {other[0]}", f"{one[1]} {note}".strip()


def brackets(query: Query) -> Query:
    return f"({query[0]})", query[1]


def largest(count: int, query: Query) -> Query:
    return f"topk({count}, {query[0]})", query[1]


def above_zero(query: Query) -> Query:
    """To divide by: where it is 0 there is no line, rather than NaN."""
    return f"({query[0]} > 0)", query[1]


def share(part: Query, whole: Query) -> Query:
    return f"{part[0]} / {whole[0]}", part[1]


def part_of_both(one: Query, other: Query) -> Query:
    """No line while there is neither."""
    return f"{one[0]} / ({one[0]} + {other[0]} > 0)", one[1]


def quantiles(
    histogram: str, by: str = PROBE, only: str = "", own: bool = False, levels: tuple[float, ...] = (0.5, 0.9, 0.99)
) -> list[Query]:
    """Where nothing was observed there is no line, rather than NaN."""
    buckets = total_rate(f"{histogram}_bucket", "", f"le, {by}", only, own)[0]
    count = f"{total_rate(f'{histogram}_count', '', by, only, own)[0]} > 0"
    expressions = {level: f"histogram_quantile({level:g}, {buckets}) and on ({by}) {count}" for level in levels}
    return [(expression, legend(by, f"p{100 * level:g}")) for level, expression in expressions.items()]


def codes(metric: str, by: str, states: tuple[tuple[int, str, str], ...]) -> Query:
    """A state set as one number for each thing; of several daemons the one that sees the worst is shown."""
    parts = (f'{number} * {metric}{{*, state="{state}"}}' for number, state, _ in states)
    return f"max by ({by}) ({' or '.join(parts)})", legend(by)
