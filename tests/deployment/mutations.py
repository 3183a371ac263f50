"""Mistakes that people make in the deployment's files, and where ./lint has to point for each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COMPOSE = "docker-compose.yml"
CONFIG = "superset/superset_config.py"
PROXY = "nginx/snippets/proxy.conf"


@dataclass(frozen=True)
class Mutation:
    """In `file`, the first `old` after `after` becomes `new`. The lint points at the line of `at`, else at that one."""

    rule: str
    file: str
    old: str
    new: str
    says: str
    after: str = ""
    at: tuple[str, str] | None = None  # another file, and a piece of its line

    def apply(self, folder: Path) -> tuple[str, int]:
        """Changes the file; returns the file and the line that have to be named."""
        path = folder / self.file
        text = path.read_text()
        begin = text.index(self.after) if self.after else 0
        where = text.find(self.old, begin)
        assert where >= 0, f"{self.file} has no {self.old!r} any more, so this mutation has to change"
        text = text[:where] + self.new + text[where + len(self.old) :]
        path.write_text(text)
        if self.at is not None:
            return self.at[0], line_of(folder / self.at[0], self.at[1], self.after if self.at[0] == self.file else "")
        return self.file, text.count("\n", 0, where) + 1


def line_of(path: Path, piece: str, after: str = "") -> int:
    text = path.read_text()
    where = text.find(piece, text.index(after))
    assert where >= 0, f"{path.name} has no line with {piece!r}"
    return text.count("\n", 0, where) + 1


TIME = [
    Mutation("timeouts_rise", PROXY, "proxy_read_timeout 130s", "proxy_read_timeout 60s", "proxy_read_timeout (60s)"),
    Mutation("timeouts_rise", ".env.example", "GUNICORN_TIMEOUT=120", "GUNICORN_TIMEOUT=110", "--timeout (110)"),
    Mutation("timeouts_rise", ".env.example", "WEB_STATEMENT_TIMEOUT=60", "WEB_STATEMENT_TIMEOUT=0",
             "DB_STATEMENT_TIMEOUT (0)",
             at=(".env.example", "SUPERSET_WEBSERVER_TIMEOUT=")),
    Mutation("timeouts_rise", "nginx/servers/https.conf", "location / {", "location / {\n proxy_read_timeout 30s;",
             "(30s)",
             at=("nginx/servers/https.conf", "proxy_read_timeout 30s")),
    Mutation("timeouts_rise", COMPOSE, "      - --timeout=${GUNICORN_TIMEOUT:-120}\n", "", "--timeout is not set",
             at=(COMPOSE, "  superset:\n")),
    Mutation("foreground_queries_end_in_time", ".env.example", "SQLLAB_TIMEOUT=60", "SQLLAB_TIMEOUT=300",
             "SQLLAB_TIMEOUT (300)"),
    Mutation("connections_outlive_nginx", ".env.example", "GUNICORN_KEEPALIVE=75", "GUNICORN_KEEPALIVE=2",
             "--keep-alive (2)"),
    Mutation("connections_outlive_nginx", "nginx/nginx.conf", "    keepalive_timeout 30s;\n",
             "    keepalive_timeout 90s;\n",
             "nginx' (90s)", at=(".env.example", "GUNICORN_KEEPALIVE=")),
    Mutation("tasks_end_before_they_are_given_again", ".env.example", "CELERY_VISIBILITY_TIMEOUT=21700",
             "CELERY_VISIBILITY_TIMEOUT=3600", "visibility_timeout (3600) is not longer"),
    Mutation("the_monitor_knows_the_visibility_timeout", "healthd/config.yaml", "visibility_timeout: 21700s",
             "visibility_timeout: 1h", "is 1h here and 21700"),
    Mutation("shutdown_is_given_time", COMPOSE, "stop_grace_period: 120s", "stop_grace_period: 10s",
             "worker is killed 10s",
             after="  worker:\n"),
    Mutation("shutdown_is_given_time", COMPOSE, "--graceful-timeout=50", "--graceful-timeout=60",
             "--graceful-timeout (60)"),
]  # fmt: skip

CAPACITY = [
    Mutation("each_thread_has_a_connection", ".env.example", "GUNICORN_THREADS=12", "GUNICORN_THREADS=20",
             "20 threads share"),
    Mutation("postgres_has_room_for_all", ".env.example", "POSTGRES_MAX_CONNECTIONS=150", "POSTGRES_MAX_CONNECTIONS=60",
             "max_connections (60)"),
    Mutation("postgres_has_room_for_all", ".env.example", "GUNICORN_WORKERS=3", "GUNICORN_WORKERS=12", "168 (web)",
             at=(".env.example", "POSTGRES_MAX_CONNECTIONS=")),
    Mutation("every_service_has_a_memory_limit", COMPOSE, "    mem_limit: ${BEAT_MEMORY:-1g}\n", "",
             "beat has no memory limit",
             at=(COMPOSE, "  beat:")),
    Mutation("redis_fits_its_container", "redis/cache.conf", "maxmemory 1gb", "maxmemory 1500mb", "maxmemory (1500mb)"),
    Mutation("redis_fits_its_container", "redis/cache.conf", "maxmemory 1gb", "maxmemory 0",
             "redis-cache has no maxmemory"),
    Mutation("redis_fits_its_container", ".env.example", "REDIS_BROKER_MEMORY=1g", "REDIS_BROKER_MEMORY=512m",
             "leaves redis-broker", at=("redis/broker.conf", "maxmemory 512mb")),
    Mutation("the_broker_drops_nothing", "redis/broker.conf", "maxmemory-policy noeviction",
             "maxmemory-policy allkeys-lru",
             "throws tasks away"),
    Mutation("the_broker_drops_nothing", "redis/broker.conf", "appendonly yes", "appendonly no", "forgets all tasks"),
    Mutation("the_cache_makes_room", "redis/cache.conf", "maxmemory-policy allkeys-lru", "maxmemory-policy noeviction",
             "a full cache refuses"),
    Mutation("every_queue_is_consumed", ".env.example", "CELERY_ROUTES=off", "CELERY_ROUTES=on",
             "background, reports, sqllab",
             at=(".env.example", "CELERY_QUEUES=celery")),
]  # fmt: skip

EDGE = [
    Mutation("header_buffers_are_large", PROXY, "proxy_buffer_size 32k", "proxy_buffer_size 4k",
             "proxy_buffer_size is 4k"),
    Mutation("header_buffers_are_large", "nginx/snippets/limits.conf", "large_client_header_buffers 8 32k",
             "large_client_header_buffers 4 8k", "large_client_header_buffers is 8k"),
    Mutation("header_buffers_are_large", PROXY, "proxy_buffer_size 32k;\n", "", "proxy_buffer_size is not set",
             at=("nginx/nginx.conf", "# nginx before")),
    Mutation("no_location_loses_headers", "nginx/servers/https.conf", "    include snippets/headers.conf;\n", "",
             "its own add_header", after="location /static/",
             at=("nginx/servers/https.conf", 'add_header Cache-Control "public')),
    Mutation("no_location_loses_headers", "nginx/servers/https.conf", "    include snippets/proxy_headers.conf;\n", "",
             "its own proxy_set_header", after="location /ws", at=("nginx/servers/https.conf",
             "proxy_set_header Upgrade")),
    Mutation("answers_say_https_only", "nginx/servers/https.conf", "  include snippets/headers.conf;\n", "",
             "sends no Strict",
             at=("nginx/servers/https.conf", "server {")),
    Mutation("answers_say_https_only", "nginx/snippets/headers.conf", 'includeSubDomains" always', 'includeSubDomains"',
             "errors are sent without"),
    Mutation("old_tls_is_off", "nginx/snippets/tls.conf", "ssl_protocols TLSv1.2", "ssl_protocols TLSv1.1 TLSv1.2",
             "TLSv1.1"),
    Mutation("the_maintenance_page_exists", "nginx/servers/https.conf", "504 /maintenance.html", "504 /sorry.html",
             "nginx/html/sorry.html is missing"),
    Mutation("one_failure_locks_nobody_out", "nginx/nginx.conf", "superset:8088 max_fails=0", "superset:8088",
             "after one failure"),
]  # fmt: skip

SUPERSET = [
    *(
        Mutation("flags_are_set", CONFIG, f"{name} = {old}", f"{name} = {new}", f"{name} is {new}")
        for name, old, new in (
            ("SESSION_COOKIE_SECURE", "True", "False"),
            ("SESSION_COOKIE_HTTPONLY", "True", "False"),
            ("SESSION_COOKIE_SAMESITE", '"Lax"', "None"),
            ("ENABLE_PROXY_FIX", "True", "False"),
            ("PREFERRED_URL_SCHEME", '"https"', "'http'"),
            ("TALISMAN_ENABLED", "True", "False"),
            ("WTF_CSRF_ENABLED", "True", "False"),
            ("RATELIMIT_ENABLED", "True", "False"),
            ("ALERT_REPORTS_NOTIFICATION_DRY_RUN", "False", "True"),
        )
    ),
    Mutation("talisman_does_not_redirect", CONFIG,
             "TALISMAN_ENABLED = True", 'TALISMAN_CONFIG = {"force_https": True}\n'
             "TALISMAN_ENABLED = True", "force_https breaks"),
    Mutation("rate_limits_are_shared", CONFIG,
             "RATELIMIT_STORAGE_URI = cache(3)", 'RATELIMIT_STORAGE_URI = "memory://"',
             "each process counts"),
    Mutation("late_reports_are_found", CONFIG, '            "options": {"expires": 7 * DAY},\n', "", "has no `expires`",
             at=(CONFIG, '"reports.scheduler": {')),
    Mutation("late_reports_are_found", CONFIG, '"reports.scheduler": {', '"reports": {',
             "does not send reports.scheduler",
             at=(CONFIG, "beat_schedule = {")),
    Mutation("tasks_run_once", CONFIG, "task_acks_late = False", "task_acks_late = True", "runs again"),
    Mutation("(the file does not load)", CONFIG, "DAY = 3600, 86400", "DAY = 3600,", "does not load: ValueError"),
    Mutation("(the file is no Python)", CONFIG, "class CeleryConfig:", "class CeleryConfig", "is no Python"),
]  # fmt: skip

SERVICES = [
    Mutation("only_the_edge_is_public", COMPOSE, '"127.0.0.1:${POSTGRES_PORT:-5432}:5432"', '"5432:5432"',
             "postgres publishes"),
    Mutation("only_the_edge_is_public", COMPOSE, '"127.0.0.1:${STUB_STATUS_PORT:-8081}:8081"', '"8081:8081"',
             "nginx publishes"),
    Mutation("only_the_edge_is_public", COMPOSE, '["127.0.0.1:${REDIS_CACHE_PORT:-6380}:6379"]',
             "\n      - target: 6379\n"
             "        published: 6380", "redis-cache publishes", at=(COMPOSE, "- target: 6379")),
    Mutation("images_are_pinned", ".env.example", "redis:7.4.2-bookworm", "redis:latest", "redis:latest"),
    Mutation("images_are_pinned", ".env.example", "nginx:1.28.0-bookworm", "registry.example.com:5000/nginx",
             "5000/nginx"),
    Mutation("images_are_pinned", ".env.example", "postgres:17.5-bookworm", "postgres:17", "postgres:17 is"),
    Mutation("logs_are_rotated", COMPOSE, 'options: {max-size: "50m", max-file: "5"}', "options: {}",
             "grows without end",
             at=(COMPOSE, "  logging:")),
    Mutation("lasting_services_are_looked_after", COMPOSE, "      start_period: 60s\n", "", "no start_period",
             after="  postgres:\n",
             at=(COMPOSE, "healthcheck:")),
    Mutation("lasting_services_are_looked_after", COMPOSE, "restart: unless-stopped", "restart: on-failure",
             "not started again",
             at=(COMPOSE, "restart: on-failure")),
    Mutation("privileges_are_dropped", COMPOSE, "cap_drop: [ALL]", "cap_drop: [NET_RAW]", "keeps capabilities"),
    Mutation("privileges_are_dropped", COMPOSE, '["no-new-privileges:true"]', "[]", "can gain privileges",
             at=(COMPOSE, "security_opt: []")),
    Mutation("privileges_are_dropped", COMPOSE, "    stop_signal: SIGQUIT",
             "    privileged: true\n    stop_signal: SIGQUIT",
             "may do anything", at=(COMPOSE, "privileged: true")),
    Mutation("beat_is_one", COMPOSE, "    container_name: ", "    deploy: {replicas: 2}\n    container_name: ",
             "2 Beats",
             at=(COMPOSE, "replicas: 2")),
    Mutation("beat_is_one", COMPOSE, "      - --max-tasks-per-child=100", "      - -B", "a Beat of its own"),
    Mutation("no_secret_stands_in_the_open", COMPOSE, "  POSTGRES_HOST: postgres", "  POSTGRES_PASSWORD: x1y2",
             "POSTGRES_PASSWORD of superset"),
    Mutation("no_secret_stands_in_the_open", ".env.example", "SMTP_PORT=587", "SMTP_PASSWORD=hello",
             "SMTP_PASSWORD stands"),
    Mutation("settings_are_used", ".env.example", "GUNICORN_WORKERS=3", "GUNICORN_WORKER=5",
             "does not use GUNICORN_WORKER"),
    Mutation("secrets_come_from_files", COMPOSE, "  smtp_password: {file: ./secrets/smtp_password}",
             "  smtp_password: {environment: SMTP}", "smtp_password does not come from a file"),
    Mutation("(the file is no YAML)", COMPOSE, "  beat_schedule: {}", "  beat_schedule: {", "is no YAML",
             at=(COMPOSE, "secrets:\n  superset_secret_key")),
]  # fmt: skip

ALL = TIME + CAPACITY + EDGE + SUPERSET + SERVICES
