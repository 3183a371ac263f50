"""The one image of the deployment test: empty but for names, links and the double of Superset.

Nothing can be pulled where the tests run. The containers get the host's /usr, read-only, so that Debian's own nginx, PostgreSQL,
Redis, Celery, gunicorn and curl run in them as they are; see engine_override.yaml.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from stack.postgres import binaries

from engine_docker import Engine

HERE = Path(__file__).resolve().parent
IMAGE = "superset-healthd-test"
TAG = "1.0"
# What Superset's image gives to its user; volumes take the owner over.
OWNED = ("app/superset_home", "var/lib/beat", "srv/superset/static")
# A real /sbin: Docker mounts its init into it.
EMPTY = ("app/pythonpath", "data", "dev", "etc/redis", "etc/superset-healthd", "opt/redis", "proc", "root", "run", "sbin", "sys", "usr",
         "var/cache/nginx", "var/lib/nginx", "var/lib/postgresql/data", "var/log/nginx")  # fmt: skip
USERS = {"root": 0, "nginx": 101, "redis": 102, "postgres": 103, "superset": 1000, "nobody": 65534}
DOCKERFILE = """\
FROM scratch
COPY root/ /
COPY --chown=1000:1000 owned/ /
ENV PATH=/opt/engine/bin:{postgres}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["sleep", "infinity"]
"""


def build_image(engine: Engine) -> None:
    context = engine.room.folder / "image"
    root, owned = context / "root", context / "owned"
    for name in EMPTY:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in OWNED:
        (owned / name).mkdir(parents=True)
        (owned / name / ".keep").touch()  # COPY leaves the owner of an empty folder as it is
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "var" / "run").symlink_to("/run")
    _names(root / "etc")
    shutil.copytree(HERE / "engine", root / "opt" / "engine")
    static = root / "app" / "superset" / "static" / "assets" / "images"
    static.mkdir(parents=True)
    (static / "favicon.png").write_text("a file of Superset's image\n")
    (context / "Dockerfile").write_text(DOCKERFILE.format(postgres=binaries()))
    engine.build(f"{IMAGE}:{TAG}", context)


def _names(etc: Path) -> None:
    """Users, and the order in which hosts are looked up: first the file that Docker writes."""
    (etc / "passwd").write_text("".join(f"{name}:x:{uid}:{uid}::/tmp:/bin/sh\n" for name, uid in USERS.items()))
    (etc / "group").write_text("".join(f"{name}:x:{uid}:\n" for name, uid in USERS.items()))
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\n")
    nginx = etc / "nginx"
    nginx.mkdir()
    shutil.copy("/etc/nginx/mime.types", nginx)
