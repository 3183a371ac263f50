"""What can be told of the image without building it: no root, a check that exists, and the package that was built."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tools import OURS, ROOT, subverbs


@pytest.fixture(scope="session")
def steps() -> list[tuple[str, str]]:
    """Instruction and argument, continued lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "systemd/container/Dockerfile").read_text()).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def last(steps: list[tuple[str, str]], instruction: str) -> str:
    return [argument for name, argument in steps if name == instruction][-1]


def test_it_runs_as_a_number_that_is_not_root(steps: list[tuple[str, str]]) -> None:
    uid, _, gid = last(steps, "USER").partition(":")
    assert int(uid) > 0 and int(gid) > 0
    names = [name for name, _ in steps]
    assert "RUN" not in names[len(names) - names[::-1].index("USER") :]


def test_its_health_check_and_its_command_are_verbs(binary: Path, steps: list[tuple[str, str]]) -> None:
    check = json.loads(last(steps, "HEALTHCHECK").partition("CMD ")[2])
    assert check[0] == OURS and check[1] in subverbs(binary)
    assert json.loads(last(steps, "ENTRYPOINT")) == [OURS]
    assert json.loads(last(steps, "CMD"))[0] in subverbs(binary)


def test_it_is_made_of_the_package_on_a_small_debian(package: Path, steps: list[tuple[str, str]]) -> None:
    assert {argument.split()[0] for name, argument in steps if name == "FROM"} == {"debian:${DEBIAN}-slim"}
    copied = [argument.split()[0] for name, argument in steps if name == "COPY" and not argument.startswith("--from")]
    assert len(copied) == 1 and Path(copied[0]).parent == Path("build/package") and package.match(Path(copied[0]).name)
