"""Reads .env, YAML and redis.conf, and remembers the line of each value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Iterator

import yaml

from .findings import Found, Place, Unreadable

# libyaml where it is there: ten times as fast.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        fix = "restore it from the repository"
        raise Unreadable(Place(path, 1), f"cannot be read: {error.strerror}", fix) from None


def read_env(path: Path) -> dict[str, Found]:
    """NAME=value lines; the last one counts, as for Compose."""
    found = {}
    for number, line in enumerate(read(path).splitlines(), 1):
        match = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$", line)
        if match:
            found[match[1]] = Found(match[2].strip("'\""), Place(path, number))
    return found


def read_redis(path: Path) -> dict[str, Found]:
    """The directives of a redis.conf, in lower case; the last one counts."""
    found = {}
    for number, line in enumerate(read(path).splitlines(), 1):
        name, _, value = line.strip().partition(" ")
        if name and not name.startswith("#"):
            found[name.lower()] = Found(value.strip().strip('"'), Place(path, number))
    return found


class Yaml:
    """A YAML file as plain values, with the line of each, anchors and merge keys resolved."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[tuple[Any, ...], int] = {}
        try:
            root = yaml.compose(read(path), Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise Unreadable(Place(path, line), f"is no YAML: {error.problem}", "mend the syntax") from None
        self.root = self._value(root, ()) if root else {}

    def at(self, *keys: Any) -> Any:
        """The value below these keys, or None."""
        value = self.root
        for key in keys:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def place(self, *keys: Any) -> Place:
        """Of the value; of the nearest thing around it where there is none."""
        while keys and keys not in self._lines:
            keys = keys[:-1]
        return Place(self.path, self._lines.get(keys, 1))

    def _value(self, node: yaml.Node, keys: tuple[Any, ...]) -> Any:
        self._lines.setdefault(keys, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*keys, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return "" if node.tag.endswith(":null") else node.value
        return {
            name: self._entry(key, value, (*keys, name)) for name, (key, value) in dict(self._entries(node)).items()
        }

    def _entry(self, key: yaml.Node, value: yaml.Node, keys: tuple[Any, ...]) -> Any:
        # A mapping's own line is that of its key.
        self._lines[keys] = (key if isinstance(value, yaml.CollectionNode) else value).start_mark.line + 1
        return self._value(value, keys)

    def _entries(self, node: yaml.MappingNode) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
        """What is merged comes first, so that the mapping's own entries win."""
        for key, value in node.value:
            if key.value == "<<":
                for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    yield from self._entries(merged)
        for key, value in node.value:
            if key.value != "<<":
                yield key.value, (key, value)
