"""A page is followed as a person would: fence after fence, in one shell, beside a stack's folder."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import check_runbooks
from database import Server
from stack.postgres import binaries

ROOT = Path(__file__).resolve().parent.parent.parent
PROCEDURES = ROOT / "ops" / "procedures"
ENV = ROOT / "ops" / "runbooks" / "env.sh"
SECRETS = ("superset_secret_key", "postgres_password")


class Stack:
    """The folder that a site has in /opt/superset, and the programs that pages call."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.server = server
        self.folder = folder / "superset"
        self.log = folder / "docker.log"
        self.bin = folder / "bin"
        self.env = folder / "env.sh"
        for name in ("secrets", "nginx/tls", "superset", "backups"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "docker-compose.yml").write_text("services: {}\n")
        (self.folder / ".env").write_text("SUPERSET_VERSION=6.1.0\n")
        (self.folder / "nginx/tls/privkey.pem").write_text("the private key\n")
        for name in SECRETS:
            (self.folder / "secrets" / name).write_text(f"secret-{name}")
        self.log.touch()
        self.bin.mkdir()
        (self.bin / "docker").symlink_to(Path(__file__).with_name("docker"))
        self.env.write_text(ENV.read_text() + f"export COMPOSE_FILE={self.folder}/docker-compose.yml\n")

    def program(self, name: str, text: str) -> None:
        """A small program in the place of one that the test does not start."""
        file = self.bin / name
        file.write_text("#!/bin/bash\n" + text)
        file.chmod(0o755)

    def dumps(self, pattern: str = "*.dump") -> list[Path]:
        return sorted((self.folder / "backups").glob(pattern))


@dataclass
class Answer:
    code: int
    out: str
    errors: str


class Shell:
    """One bash for a whole page, so that later fences know the names that earlier ones set."""

    def __init__(self, stack: Stack, notes: str = "", **more: str) -> None:
        self.stack = stack
        self.room = stack.folder.parent
        environment = {
            "PATH": f"{stack.bin}:{binaries()}:/usr/bin:/bin",
            "HOME": str(self.room),
            "LC_ALL": "C.UTF-8",
            "RUNBOOK_ENV": str(stack.env),
            "DOCKER_LOG": str(stack.log),
            "DOCKER_NOTES": notes,
            **stack.server.environment(),
            **more,
        }
        pipe = subprocess.PIPE
        command = ["/bin/bash", "--norc"]
        self.child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=self.room, env=environment)

    def close(self) -> None:
        assert self.child.stdin
        self.child.stdin.close()
        self.child.wait(timeout=30)

    def run(self, text: str) -> Answer:
        """Sourced from a file, so that no command of it can read the next one."""
        fence, out, errors = self.room / "fence.sh", self.room / "out", self.room / "errors"
        fence.write_text(text)
        assert self.child.stdin and self.child.stdout
        self.child.stdin.write(f". {fence} </dev/null >{out} 2>{errors}; echo $?\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        assert line.strip().isdigit(), f"the shell ended or said {line!r}"
        return Answer(int(line), out.read_text(), errors.read_text())

    def value(self, name: str) -> str:
        return self.run(f'printf %s "${{{name}}}"').out


def fences(page: Path, upto: str | None = None) -> list[check_runbooks.Fence]:
    """The bash fences of a page, or those before the section `upto`."""
    read = check_runbooks.read_page(page)
    end = next((line for line, level, title in read.headings if level == 2 and title == upto), None)
    assert upto is None or end is not None, f"{page} has no section {upto}"
    return [fence for fence in check_runbooks.bash_of(read) if end is None or fence.line < end]


def follow(shell: Shell, page: Path, upto: str | None = None) -> str:
    """Runs the fences as they are written; each has to end with 0. Returns all that was printed."""
    said = ""
    for fence in fences(page, upto):
        answer = shell.run(fence.text)
        assert answer.code == 0, f"{page.name}:{fence.line} ended with {answer.code}:\n{answer.out}{answer.errors}"
        said += answer.out + answer.errors
    return said


def fence_with(page: Path, words: str) -> str:
    """The one fence that holds these words."""
    found = [fence.text for fence in fences(page) if words in fence.text]
    assert len(found) == 1, f"{page.name} has {len(found)} fences with {words!r}"
    return found[0]
