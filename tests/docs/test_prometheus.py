"""What ops/prometheus/ offers is accepted by the programs it is for, and does with alerts what it says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).resolve().parent.parent.parent / "ops/prometheus"


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_prometheus_accepts_its_configuration_with_the_rules_beside_it(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "superset-healthd.rules.yml"):
        shutil.copy(FOLDER / name, tmp_path)
    assert "SUCCESS" in run("promtool", "check", "config", tmp_path / "prometheus.yml")


def test_the_rules_have_nothing_that_promtool_complains_of() -> None:
    run("promtool", "check", "rules", "--lint=all", "--lint-fatal", FOLDER / "superset-healthd.rules.yml")


def test_prometheus_scrapes_the_job_that_healthd_down_looks_for() -> None:
    jobs = [job["job_name"] for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]]
    assert f'up{{job=\\"{jobs[0]}\\"}}' in (FOLDER / "superset-healthd.rules.yml").read_text()


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=PostgresDown", "severity=critical", "stack=production"], "pager"),
        (["alertname=RedisMemoryHigh", "severity=warning", "stack=production"], "chat"),
        (["alertname=HealthdWatchdog", "severity=none", "stack=production"], "watchdog"),
        (["alertname=SomethingElse"], "chat"),
    ],
)
def test_alertmanager_accepts_its_configuration_and_routes_by_it(labels: list[str], receiver: str) -> None:
    file = FOLDER / "alertmanager.yml"
    run("amtool", "check-config", file)
    assert run("amtool", "config", "routes", "test", f"--config.file={file}", *labels).strip() == receiver


def test_the_example_holds_the_inhibit_rules_as_the_daemon_prints_them() -> None:
    """The file beside it is compared with the daemon's output by the unit tests."""
    mine = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())["inhibit_rules"]
    assert mine == yaml.safe_load((FOLDER / "inhibit-rules.yml").read_text())["inhibit_rules"]
