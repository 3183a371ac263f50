"""Superset, its libraries and Celery know each setting of superset_config.py, and complain about none at the start."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from superset_site import Site

# The file's own, for itself.
OWN = {"INSIDE_SUPERSET", "RETENTION_DAYS", "HOUR", "DAY"}
PACKAGES = ("superset", "flask", "flask_compress", "flask_limiter", "flask_session")
CELERY = """
import sys
from celery.app.defaults import SETTING_KEYS
import superset_config
names = [name for name in vars(superset_config.CELERY_CONFIG) if name[0] != "_"]
print(" ".join(name for name in names if name not in SETTING_KEYS))
"""
# What PyPI's package lacks beside the image's, and what migrations say about an empty database.
HARMLESS = ("Could not load default spinner SVG", "alembic")


def test_every_setting_is_one_that_somebody_reads(site: Site) -> None:
    tree = ast.parse((site.shipped / "superset" / "superset_config.py").read_text())
    stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    names = {name for name in stored | defined if name.isupper()} - OWN
    assert len(names) > 40
    sources = [path for name in PACKAGES for path in (site.static.parent.parent / name).rglob("*.py")]
    known = {word for path in sources for word in re.findall(r"\b[A-Z][A-Z0-9_]+\b", path.read_text(errors="replace"))}
    assert names - known == set()


def test_celery_knows_its_settings(site: Site) -> None:
    command = [f"{site.packages}/bin/python", "-c", CELERY]
    done = subprocess.run(command, env=site.environment("worker"), capture_output=True, text=True, cwd=site.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize("part", ["superset-init", "superset", "worker", "beat"])
def test_a_start_has_nothing_to_warn_about(site: Site, part: str) -> None:
    """Such as a key that everybody knows, limits counted in memory, a setting that is going away."""
    said = site.parts[part].said()
    warnings = re.findall(r"(?im)^.*(?:warning|deprecat|insecure|in-memory|\bERROR\b).*$", said.replace("INFO  [alembic", "INFO:alembic"))
    assert [line for line in warnings if not any(word in line for word in HARMLESS)] == []


def test_the_database_is_at_the_version_of_this_superset(site: Site) -> None:
    assert site.psql("SELECT count(*) FROM alembic_version") == "1"
    assert site.psql("SELECT username FROM ab_user") == "admin"
    assert "migrations: run" not in site.parts["superset"].said()


def test_a_second_start_of_init_changes_nobody(site: Site) -> None:
    before = site.psql("SELECT id, password, changed_on FROM ab_user")
    site.initialise()
    assert "admin exists and stays as it is" in site.parts["superset-init"].said()
    assert site.psql("SELECT id, password, changed_on FROM ab_user") == before


def test_secrets_are_in_no_log(site: Site) -> None:
    logs = {name: part.said() for name, part in site.parts.items()}
    for secret in (site.shipped / "secrets").iterdir():
        text = secret.read_text().strip()
        assert not text or not [name for name, said in logs.items() if text in said], secret.name


def test_static_files_are_where_nginx_looks(site: Site) -> None:
    page = site.edge.ask("/login/").body.decode()
    found = re.findall(r'(?:src|href)="(/static/assets/[^"?]+)["?]', page)
    assert len(found) > 5
    for path in found:
        answer = site.edge.ask(path)
        assert answer.status == 200 and "immutable" in answer.headers["Cache-Control"], path
        assert (Path(site.edge.room) / "srv").joinpath(path.lstrip("/")).exists(), f"{path} comes from nginx itself"
