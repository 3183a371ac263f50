"""`docker compose config` on the shipped file: it holds with .env.example, and without an .env. No engine is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine_compose import compose_plugin
from engine_fixtures import skip_without_engine
from engine_room import CannotRun
from engine_stack import SERVICES, SHIPPED


@pytest.fixture(scope="module")
def plugin() -> Path:
    try:
        return compose_plugin()
    except CannotRun as reason:
        skip_without_engine(str(reason))
        raise


def config(plugin: Path, folder: Path) -> dict[str, Any]:
    """A warning, such as one about a variable that is not set, fails as well as an error."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [plugin, "--project-directory", folder, "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "superset"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("secrets", ".env", "__pycache__"))
    return folder


def test_the_file_holds_without_an_env_and_says_the_same_with_the_example(plugin: Path, site: Path) -> None:
    without = config(plugin, site)
    shutil.copy(site / ".env.example", site / ".env")
    assert config(plugin, site) == without


def test_only_the_front_door_is_open_to_others(plugin: Path, site: Path) -> None:
    services = config(plugin, site)["services"]
    assert set(SERVICES) < set(services)
    open_ports = {(name, port["published"]) for name, service in services.items() for port in service.get("ports", [])
                  if port.get("host_ip") != "127.0.0.1"}  # fmt: skip
    assert open_ports == {("nginx", "80"), ("nginx", "443")}


def test_each_long_running_service_is_bounded_and_checked(plugin: Path, site: Path) -> None:
    services = config(plugin, site)["services"]
    for name in SERVICES:
        service = services[name]
        assert service["healthcheck"]["test"], name
        assert int(service["mem_limit"]) > 0 and service["pids_limit"] > 0, name
        assert service["logging"]["options"]["max-size"], name
        assert service["cap_drop"] == ["ALL"] and service["restart"] == "unless-stopped", name
