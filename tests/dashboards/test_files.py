"""The files alone, without any server: the rules, the generator, what Grafana is told to load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from boards import GRAFANA, Json, show
from linter import lint

TITLES = {
    "superset-overview": "Superset Stack / Overview",
    "superset-nginx": "Superset Stack / Nginx and TLS",
    "superset-web": "Superset Stack / Superset and Gunicorn",
    "superset-postgres": "Superset Stack / PostgreSQL",
    "superset-redis": "Superset Stack / Redis",
    "superset-celery": "Superset Stack / Celery and Beat",
    "superset-alerts": "Superset Stack / Alerts and delivery",
    "superset-daemon": "Superset Stack / superset-healthd",
}


def provisioned(kind: str) -> Any:
    return yaml.safe_load((GRAFANA / "provisioning" / kind / "superset-healthd.yaml").read_text())


def generate(*arguments: str, folder: Path = GRAFANA) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(folder / "generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_every_dashboard_keeps_the_rules(boards: dict[str, Json]) -> None:
    found = lint(boards)
    assert not found, show(found)


def test_links_and_bookmarks_find_every_dashboard_by_its_uid(boards: dict[str, Json]) -> None:
    assert {board["uid"]: board["title"] for board in boards.values()} == TITLES
    assert [file for file, board in boards.items() if file != f"{board['uid']}.json"] == []


def test_the_files_are_what_the_tables_say() -> None:
    done = generate("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_dashboard_that_was_changed_by_hand_is_noticed(tmp_path: Path) -> None:
    copy = tmp_path / "grafana"
    subprocess.run(["cp", "-r", str(GRAFANA), str(copy)], check=True)
    file = copy / "dashboards" / "superset-redis.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"editable": True}))
    (copy / "dashboards" / "mine.json").write_text("{}")
    (copy / "dashboards" / "superset-web.json").unlink()
    done = generate("--check", folder=copy)
    assert done.returncode == 1
    for name in ("superset-redis.json: differs", "mine.json: no table", "superset-web.json: is missing"):
        assert name in done.stdout
    assert generate(folder=copy).returncode == 0
    assert generate("--check", folder=copy).returncode == 0


def test_grafana_is_told_the_folder_that_the_readme_says_to_copy_to() -> None:
    providers = provisioned("dashboards")
    assert providers["apiVersion"] == 1 and len(providers["providers"]) == 1
    provider = providers["providers"][0]
    assert (provider["type"], provider["folder"], provider["allowUiUpdates"]) == ("file", "Superset", False)
    assert provider["options"]["foldersFromFilesStructure"] is False, "Grafana refuses it beside a folder"
    path = provider["options"]["path"]
    assert f"dashboards {path}" in (GRAFANA / "README.md").read_text()


def test_the_data_source_has_the_scrape_interval_that_rates_are_derived_from() -> None:
    sources = provisioned("datasources")
    assert sources["apiVersion"] == 1 and len(sources["datasources"]) == 1
    source = sources["datasources"][0]
    assert (source["type"], source["uid"], source["isDefault"]) == ("prometheus", "superset-prometheus", False)
    assert source["url"] == "${PROMETHEUS_URL}"
    assert source["jsonData"]["timeInterval"] == "15s"
