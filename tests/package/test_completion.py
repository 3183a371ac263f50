"""Completion in real shells offers what --help has."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from terminal import Zsh
from tools import OURS, all_verbs, long_options, subverbs

BASH = "usr/share/bash-completion/completions/superset-healthd"
ZSH = "usr/share/zsh/vendor-completions/_superset-healthd"


def complete(unpacked: Path, *words: str, folder: Path | None = None) -> list[str]:
    """What bash offers for the last of `words`, split as readline does it."""
    listed = " ".join(shlex.quote(word) for word in (OURS, *words))
    script = f"""
      source {shlex.quote(str(unpacked / BASH))}
      COMP_WORDS=({listed}) COMP_CWORD={len(words)}
      function=$(complete -p {OURS} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
      $function {OURS} "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
      printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    command = ["bash", "--norc", "--noprofile", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


def test_bash_offers_every_verb_and_its_parts(binary: Path, unpacked: Path) -> None:
    for verbs in all_verbs(binary):
        wanted = subverbs(binary, *verbs)
        assert set(wanted) <= set(complete(unpacked, *verbs, "")), verbs


def test_bash_offers_the_options_of_each_verb_and_no_others(binary: Path, unpacked: Path) -> None:
    for verbs in all_verbs(binary):
        assert sorted(complete(unpacked, *verbs, "--")) == sorted(long_options(binary, *verbs)), verbs


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["che"], ["check-config"]),
        (["--log.level", ""], ["debug", "info", "warning", "error"]),
        (["--log.level", "=", "w"], ["warning"]),
        (["run", "--log.format", "="], ["text", "json"]),
        (["probe", "--output", "na"], ["nagios"]),
        (["silence", "list", "--output", ""], ["text", "json"]),
        (["--config.file", "=", "/tmp/x", "silence", ""], ["add", "list", "expire", "--help"]),
        (["--config.file", "run", "grants", "po"], ["postgres"]),
        (["maintenance", "start", "--component", "re"], ["redis"]),
        (["rules", "--self", "al"], ["alertmanager"]),
        (["ack", "--author", ""], []),
        (["status", "no such word"], []),
    ],
    ids=" ".join,
)
def test_bash_offers_what_may_follow(unpacked: Path, words: list[str], offered: list[str]) -> None:
    assert complete(unpacked, *words) == offered


def test_bash_completes_the_names_of_files(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "site one.yaml").touch()
    assert complete(unpacked, "check-config", "--config.file", "=", "si", folder=tmp_path) == ["site one.yaml"]


def test_bash_needs_no_bash_completion(unpacked: Path) -> None:
    script = f"set -u; source {shlex.quote(str(unpacked / BASH))}; complete -p {OURS}"
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=10)
    assert done.stderr == "" and "-F" in done.stdout


# --- zsh -----------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def zsh(unpacked: Path) -> Iterator[Zsh]:
    terminal = Zsh((unpacked / ZSH).parent)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("verbs", [(), ("probe",), ("silence", "add"), ("maintenance", "start")], ids=" ".join)
def test_zsh_offers_the_options_of_each_verb(binary: Path, zsh: Zsh, verbs: tuple[str, ...]) -> None:
    wanted = long_options(binary, *verbs)
    line = " ".join([OURS, *verbs, "--"])
    assert zsh.list_choices(line, lambda shown: all(option in shown for option in wanted), 20), zsh.shown


@pytest.mark.parametrize("verbs", [(), ("silence",), ("maintenance",)], ids=" ".join)
def test_zsh_offers_every_verb_and_its_parts(binary: Path, zsh: Zsh, verbs: tuple[str, ...]) -> None:
    wanted = subverbs(binary, *verbs)
    line = " ".join([OURS, *verbs, ""])
    assert zsh.list_choices(line, lambda shown: all(verb in shown for verb in wanted), 20), zsh.shown


def test_zsh_knows_every_verb_and_option(binary: Path, unpacked: Path) -> None:
    text = (unpacked / ZSH).read_text()
    verbs = all_verbs(binary)
    options = {option for each in verbs for option in long_options(binary, *each)}
    assert {word for each in verbs for word in each if f"'{word}:" not in text} == set()
    assert {option for option in options - {"--help"} if f"{option}[" not in text and f"{option}=[" not in text} == set()
