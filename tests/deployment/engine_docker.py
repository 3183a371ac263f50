"""A Docker Engine of our own, started by hand in a room of our own, with Compose v2 beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

from stack import processes
from stack.waiting import TimedOut, wait_until

from engine_compose import compose_plugin
from engine_room import CannotRun, Room

CGROUPS = Path("/sys/fs/cgroup")


class Engine:
    """`dockerd` with nothing shared but the kernel. `docker …` and `docker compose …` are the plain words in the room."""

    def __init__(self, room: Room) -> None:
        for program in ("dockerd", "docker", "iptables"):
            if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
                raise CannotRun(f"the program {program} is missing: install docker.io and iptables")
        self.room = room
        self.log = room.folder / "dockerd.log"
        self._cgroup = room.folder.name
        self._install_compose()
        data = room.folder / "docker"
        self._daemon = room.start(
            ["dockerd", f"--data-root={data}", f"--exec-root={room.folder}/exec", f"--pidfile={room.folder}/docker.pid",
             f"--host=unix://{self.socket}", f"--cgroup-parent=/{self._cgroup}"], self.log,
        )  # fmt: skip
        room.environment |= {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(room.folder / "docker-config")}
        self._wait()

    @property
    def socket(self) -> Path:
        return self.room.folder / "docker.sock"

    def _install_compose(self) -> None:
        plugins = self.room.folder / "docker-config" / "cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-compose").symlink_to(compose_plugin())

    def _wait(self) -> None:
        def settled() -> bool:
            processes.reap()
            return not processes.alive(self._daemon) or self.docker_answers()

        try:
            wait_until(settled, 30, "dockerd answers", step=0.2)
        except TimedOut:
            pass
        if not self.docker_answers():
            raise CannotRun("dockerd does not start: " + "; ".join(self.log.read_text(errors="replace").splitlines()[-3:]))

    def docker_answers(self) -> bool:
        return self.socket.exists() and self.room.run(["docker", "version"], 10).returncode == 0

    def build(self, tag: str, context: Path) -> None:
        """The classic builder: Debian's package has no buildx, and there is nothing to pull."""
        self.room.do(["docker", "build", "--quiet", "--tag", tag, str(context)], 120, DOCKER_BUILDKIT="0")

    def running(self) -> list[str]:
        return self.room.do(["docker", "ps", "--quiet", "--no-trunc"]).split()

    def close(self) -> None:
        """In order, so that it unmounts what it mounted. What it leaves ends with the room."""
        if processes.alive(self._daemon):
            self.room.stop(self._daemon, seconds=30)

    def sweep(self) -> None:
        """Behind the room's end: empty groups stay in the kernel otherwise."""
        for folder in sorted(CGROUPS.glob(f"**/{self._cgroup}"), reverse=True):
            for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
                inner.rmdir()
            folder.rmdir()
