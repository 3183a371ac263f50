# The names that the runbooks use. Copy to /etc/superset-healthd/env.sh, adjust once, keep it beside the deployment.
# Every runbook starts by sourcing it; no password belongs in here.

# Read by `docker compose` itself, so that every command works from any folder. It names every file: where there is a
# docker-compose.override.yml beside it, add that one behind a colon, or a runbook recreates a service without it.
export COMPOSE_FILE=/opt/superset/docker-compose.yml

# What users type, and where nginx listens.
SUPERSET_HOST=bi.example.com
STUB_STATUS_URL=http://127.0.0.1:8081/stub_status
# Inside the nginx container: the file that `ssl_certificate` names.
TLS_CERT_FILE=/etc/nginx/tls/fullchain.pem
# How this site renews its certificate and puts it where nginx reads it.
renew_certificate() { certbot renew; }

# PostgreSQL: the owner of the metadata database, and the database.
PG_USER=superset
PG_DB=superset

# Redis: the services of the Celery broker and of Superset's caches, the same name twice where one does both, and the
# database numbers. redis-cli inside the containers has to log in by itself: by REDISCLI_AUTH, or as
# ops/compose/redis/redis-cli does.
BROKER=redis-broker
BROKER_DB=0
CACHE=redis-cache
CACHE_DB=0
# The one that a page is about; for the other: `export REDIS=redis-cache` before you begin.
REDIS="${REDIS:-$BROKER}"

# Celery: the application, and the queue that everything uses unless routes say otherwise.
CELERY_APP=superset.tasks.celery_app:app
QUEUE=celery

# The monitor.
HEALTHD_URL=http://127.0.0.1:9848
HEALTHD_CONFIG=/etc/superset-healthd/config.yaml
