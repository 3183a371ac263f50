"""What scripts rely on: exit codes, and options that are refused instead of believed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CONFIGURATION = """\
stack: verbs
web: {listen_address: "127.0.0.1:0"}
probes: [{name: app, kind: gunicorn, url: "http://127.0.0.1:1/health"}]
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "config.yaml").write_text(CONFIGURATION)
    return f"--config.file={tmp_path}/config.yaml"


@pytest.mark.parametrize("verb", [["rules", "prometheus"], ["rules", "alertmanager"], ["check-config"]])
def test_output_that_a_full_disk_cuts_is_a_failure(binary: Path, config: str, verb: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([binary, *verb, config], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
    assert done.returncode == 1
    assert "the output could not be written" in done.stderr


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ops.example.com", "https://ops.example.com/?a=b"])
def test_links_begin_with_http_or_the_daemon_does_not_start(binary: Path, config: str, tmp_path: Path, url: str) -> None:
    command = [binary, "run", config, f"--web.external-url={url}", f"--storage.path={tmp_path}", f"--control.socket={tmp_path}/s"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert "--web.external-url: expected a URL" in done.stderr


def test_a_silence_of_an_alert_that_does_not_exist_is_refused(binary: Path, tmp_path: Path) -> None:
    command = [binary, "silence", "add", "--for=1h", f"--control.socket={tmp_path}/s", "alertname=RedisDwn"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert 'no alert is named "RedisDwn"; did you mean "RedisDown"?' in done.stderr
