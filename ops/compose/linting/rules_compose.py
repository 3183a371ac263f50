"""Rules about docker-compose.yml and .env themselves."""

from __future__ import annotations

import re
from typing import Iterator

from .deployment import Deployment
from .findings import Finding, Found, Place

PUBLIC = {"80", "443"}
_SECRET_NAME = re.compile(r"(PASSWORD|SECRET|TOKEN|PRIVATE_KEY|SECRET_KEY)$")


def only_the_edge_is_public(deployment: Deployment) -> Iterator[Finding]:
    for service in deployment.services:
        for port in _ports(deployment, service):
            *address, _, inside = port.text.removesuffix("/tcp").rsplit(":", 2) if ":" in port.text else ["", port.text]
            private = bool(address) and address[0].strip("[]") in ("127.0.0.1", "::1")
            if not private and not (service == "nginx" and inside in PUBLIC):
                message = f"{service} publishes {port.text} to everybody"
                yield Finding(port.place, message, "put 127.0.0.1: before it; only nginx' 80 and 443 are public")


def _ports(deployment: Deployment, service: str) -> Iterator[Found]:
    yield from deployment.items(service, "ports")
    for index, port in enumerate(deployment.compose.at("services", service, "ports") or []):
        if isinstance(port, dict):
            parts = [port.get("host_ip"), port.get("published", port.get("target")), port.get("target")]
            text = ":".join(str(part) for part in parts if part)
            yield Found(text, deployment.place(service, "ports", index))


def images_are_pinned(deployment: Deployment) -> Iterator[Finding]:
    for service in deployment.services:
        image = deployment.get(service, "image")
        if image is None:
            yield Finding(deployment.place(service), f"{service} has no image", "name one with its version")
        elif "@sha256:" not in image.text:
            tag = image.text.rpartition(":")[2] if ":" in image.text.rpartition("/")[2] else ""
            if not re.search(r"\d+\.\d+", tag):
                message = f"the image {image.text} is another one tomorrow"
                yield Finding(image.place, message, "name an exact version, such as NAME:1.2.3, or a digest")


def logs_are_rotated(deployment: Deployment) -> Iterator[Finding]:
    for service in deployment.services:
        driver = deployment.get(service, "logging", "driver")
        most = deployment.get(service, "logging", "options", "max-size")
        if driver is None or most is None:
            place = deployment.place(service, "logging")
            fix = "set logging: driver local, max-size, max-file"
            yield Finding(place, f"the log of {service} grows without end", fix)


def lasting_services_are_looked_after(deployment: Deployment) -> Iterator[Finding]:
    for service in deployment.lasting_services:
        test = deployment.compose.at("services", service, "healthcheck", "test")
        if not test or test == "NONE" or test[0] == "NONE":
            yield Finding(deployment.place(service, "healthcheck"), f"{service} has no health check", "add one")
        elif not deployment.get(service, "healthcheck", "start_period"):
            message = f"the health check of {service} has no start_period"
            yield Finding(deployment.place(service, "healthcheck"), message, "say how long a start may take")
        restart = deployment.get(service, "restart")
        if restart is None or restart.text not in ("unless-stopped", "always"):
            message = f"{service} is not started again after a crash or a reboot"
            yield Finding(deployment.place(service, "restart"), message, "set restart: unless-stopped")


def privileges_are_dropped(deployment: Deployment) -> Iterator[Finding]:
    for service in deployment.services:
        if (deployment.get(service, "privileged") or Found("", Place(deployment.folder, 0))).text == "true":
            place = deployment.place(service, "privileged")
            yield Finding(place, f"{service} may do anything to the host", "remove it")
        if "ALL" not in [dropped.text for dropped in deployment.items(service, "cap_drop")]:
            message = f"{service} keeps capabilities that it does not need"
            yield Finding(deployment.place(service, "cap_drop"), message, "set cap_drop: [ALL], and add back by name")
        options = [option.text for option in deployment.items(service, "security_opt")]
        if not {"no-new-privileges:true", "no-new-privileges"} & set(options):
            message = f"{service} can gain privileges by a setuid program"
            yield Finding(deployment.place(service, "security_opt"), message, "add no-new-privileges:true")


def beat_is_one(deployment: Deployment) -> Iterator[Finding]:
    for keys in (("deploy", "replicas"), ("scale",)):
        count = deployment.get("beat", *keys)
        if count and count.text != "1":
            yield Finding(count.place, f"{count.text} Beats send every report as often", "let it be 1")
    beats = []
    for service in deployment.services:
        words = deployment.items(service, "command")
        texts = [word.text for word in words]
        if "celery" in texts and "beat" in texts:
            beats.append((service, words[texts.index("beat")]))
        for word in words:
            if "worker" in texts and word.text in ("-B", "--beat"):
                yield Finding(word.place, f"{service} runs a Beat of its own ({word.text})", "remove the option")
    for service, word in beats[1:]:
        yield Finding(word.place, f"{service} is a second Beat", "remove it")


def no_secret_stands_in_the_open(deployment: Deployment) -> Iterator[Finding]:
    fix = "put it into a file in secrets/ and read it from /run/secrets"
    for service in deployment.services:
        for name, found in deployment.environment(service).items():
            if _SECRET_NAME.search(name) and found.text:
                yield Finding(found.place, f"{name} of {service} stands in the open", fix)
    for name, found in deployment.env.items():
        if _SECRET_NAME.search(name) and found.text:
            yield Finding(found.place, f"{name} stands in the open", fix)


def settings_are_used(deployment: Deployment) -> Iterator[Finding]:
    used = {*deployment.variables(), "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "COMPOSE_FILE"}
    for name, found in deployment.env.items():
        if name not in used:
            fix = "correct the name, or remove the line"
            yield Finding(found.place, f"docker-compose.yml does not use {name}", fix)


def mounted_files_can_be_read(deployment: Deployment) -> Iterator[Finding]:
    """By users other than ours: a copy made with a strict umask keeps Superset and nginx' workers out."""
    told = set()
    for service in deployment.services:
        for mount in deployment.items(service, "volumes"):
            path = deployment.folder / mount.text.partition(":")[0]
            if not mount.text.startswith("./") or path.name == "tls" or path in told:
                continue
            told.add(path)
            for file in [path, *path.rglob("*")]:
                needed = 0o005 if file.is_dir() else 0o004
                if file.exists() and file.stat().st_mode & needed != needed:
                    yield Finding(Place(file, 1), f"{service} cannot read this", f"chmod -R a+rX {path}")


RULES = (
    mounted_files_can_be_read,
    only_the_edge_is_public,
    images_are_pinned,
    logs_are_rotated,
    lasting_services_are_looked_after,
    privileges_are_dropped,
    beat_is_one,
    no_secret_stands_in_the_open,
    settings_are_used,
)
