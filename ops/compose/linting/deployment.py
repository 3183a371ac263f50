"""The deployment as its files describe it: what Compose would see, with .env applied, and the line of each value."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any, Iterator

from .findings import Found, Place
from .nginx import Directive, read_nginx
from .sources import Yaml, read_env, read_redis
from .superset import SupersetConfig

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<operator>:?[-?])(?P<default>[^}]*))?\}|\$(?P<plain>\w+)")


class Deployment:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.compose = Yaml(folder / "docker-compose.yml")
        own = folder / ".env"
        self.env_file = own if own.exists() else folder / ".env.example"
        self.env = read_env(self.env_file)

    # --- what Compose sees ---

    @property
    def services(self) -> list[str]:
        return list(self.compose.at("services") or {})

    @property
    def lasting_services(self) -> list[str]:
        """Those that are meant to run on: all but the one that prepares the database."""
        return [name for name in self.services if self.compose.at("services", name, "restart") != "no"]

    def get(self, service: str, *keys: Any) -> Found | None:
        """A single value of a service."""
        value = self.compose.at("services", service, *keys)
        return self._found(value, "services", service, *keys) if isinstance(value, str) else None

    def items(self, service: str, key: str) -> list[Found]:
        """A list of single values, such as `ports` or `command`."""
        value = self.compose.at("services", service, key)
        if isinstance(value, str):
            found = self._found(value, "services", service, key)
            return [Found(word, found.place) for word in found.text.split()]
        kept = [(index, item) for index, item in enumerate(value or []) if isinstance(item, str)]
        return [self._found(item, "services", service, key, index) for index, item in kept]

    def environment(self, service: str) -> dict[str, Found]:
        value = self.compose.at("services", service, "environment") or {}
        if isinstance(value, dict):
            return {name: self._found(text, "services", service, "environment", name) for name, text in value.items()}
        pairs = [entry.text.partition("=") + (entry.place,) for entry in self.items(service, "environment")]
        return {name: Found(text, place) for name, _, text, place in pairs}

    def option(self, service: str, name: str) -> Found | None:
        """Of a command line: --name=value or --name value; the last one counts."""
        words, found = self.items(service, "command"), None
        for index, word in enumerate(words):
            if word.text == name and index + 1 < len(words):
                found = words[index + 1]
            elif word.text.startswith(f"{name}="):
                found = Found(word.text.removeprefix(f"{name}="), word.place)
        return found

    def place(self, service: str, *keys: Any) -> Place:
        return self.compose.place("services", service, *keys)

    def variables(self) -> Iterator[str]:
        """The names that docker-compose.yml takes from .env."""
        for match in _VARIABLE.finditer(self.compose.path.read_text()):
            if match["name"] or match["plain"]:
                yield match["name"] or match["plain"]

    def _found(self, text: str, *keys: Any) -> Found:
        """With variables put in. The line to change is in .env where a variable is set there."""
        place = self.compose.place(*keys)

        def value(match: re.Match[str]) -> str:
            nonlocal place
            name = match["name"] or match["plain"]
            if name is None:
                return "$"
            given = self.env.get(name)
            if given is not None and (given.text or not (match["operator"] or "").startswith(":")):
                place = given.place
                return given.text
            return match["default"] or "" if "-" in (match["operator"] or "") else ""

        return Found(_VARIABLE.sub(value, text), place)

    # --- the files that the services read ---

    @cached_property
    def nginx(self) -> Directive:
        return read_nginx(self.folder / "nginx" / "nginx.conf")

    @cached_property
    def broker(self) -> dict[str, Found]:
        return read_redis(self.folder / "redis" / "broker.conf")

    @cached_property
    def cache(self) -> dict[str, Found]:
        return read_redis(self.folder / "redis" / "cache.conf")

    @cached_property
    def superset(self) -> SupersetConfig:
        environment = {name: found.text for name, found in self.environment("superset").items()}
        secrets = list(self.compose.at("secrets") or {})
        return SupersetConfig(self.folder / "superset" / "superset_config.py", environment, secrets)

    @cached_property
    def healthd(self) -> list[Yaml]:
        return [Yaml(path) for path in sorted((self.folder / "healthd").glob("*.yaml"))]
