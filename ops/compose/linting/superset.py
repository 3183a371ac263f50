"""Loads superset_config.py as the container `superset` would, with made-up secrets, and finds its lines."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .findings import Place, Unreadable
from .sources import read

# In a process of its own: the file is the operator's and may do anything, such as to look at its environment.
_LOADER = """
import json, runpy, sys
values = runpy.run_path(sys.argv[1])
celery = vars(values.get("CELERY_CONFIG", object))
values["CELERY_CONFIG"] = {key: value for key, value in celery.items() if key[0] != "_"}
print(json.dumps({key: value for key, value in values.items() if key.isupper()}, default=str))
"""


class SupersetConfig:
    def __init__(self, path: Path, environment: dict[str, str], secrets: list[str]) -> None:
        self.path = path
        self._tree = self._parse()
        self.values = self._load(environment, secrets)

    def at(self, *keys: str) -> Any:
        value: Any = self.values
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def place(self, *keys: str) -> Place:
        """Of the innermost key that is written in the file: a variable, a member of CeleryConfig, a key of a dict."""
        line = 1
        scope: ast.AST = self._tree
        for key in keys:
            found = _find(scope, key)
            if found is None:
                break
            scope, line = found
        return Place(self.path, line)

    def _parse(self) -> ast.Module:
        try:
            return ast.parse(read(self.path))
        except SyntaxError as error:
            raise Unreadable(Place(self.path, error.lineno or 1), f"is no Python: {error.msg}", "mend it") from None

    def _load(self, environment: dict[str, str], secrets: list[str]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            for name in secrets:
                Path(folder, name).write_text("a-secret-of-the-lint")
            loaded = subprocess.run(
                [sys.executable, "-I", "-B", "-c", _LOADER, str(self.path)],
                env={"PATH": "/usr/bin:/bin", **environment, "SECRETS_DIR": folder},
                capture_output=True, text=True, timeout=30,
            )  # fmt: skip
        if loaded.returncode != 0:
            last = loaded.stderr.strip().splitlines()[-1]
            where = [int(line.split(", line ")[1].split(",")[0]) for line in loaded.stderr.splitlines()
                     if f'File "{self.path}", line ' in line]  # fmt: skip
            raise Unreadable(Place(self.path, where[-1] if where else 1), f"does not load: {last}", "mend that line")
        return json.loads(loaded.stdout)


def _find(scope: ast.AST, key: str) -> tuple[ast.AST, int] | None:
    """The last assignment counts, as it does when the file runs."""
    found = None
    for node in ast.walk(scope):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == key for target in targets):
                found = node, node.lineno
        elif isinstance(node, ast.ClassDef) and key == "CELERY_CONFIG" and node.name == "CeleryConfig":
            return node, node.lineno
        elif isinstance(node, ast.Dict) and found is None:
            for name, value in zip(node.keys, node.values):
                if isinstance(name, ast.Constant) and name.value == key:
                    found = value, name.lineno
    return found
