"""The deployment under a real Docker Engine: every part comes up, the monitor sees it, and each stop is one page."""

from __future__ import annotations

from engine_stack import SERVICES, Deployment


def test_up_turns_every_service_healthy(deployment: Deployment) -> None:
    health = deployment.health()
    assert {name: health[name] for name in SERVICES} == {name: "healthy" for name in SERVICES}
    assert health["superset-init"] == "exited"
