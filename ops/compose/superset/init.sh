#!/bin/bash
# Brings the metadata database to this image's version. May run any number of times; Compose starts web, worker and Beat
# only after it has ended well.
set -euo pipefail

say() { printf 'init: %s\n' "$*"; }

say "migrating the metadata database"
superset db upgrade

say "looking for the user $ADMIN_USERNAME"
python /app/make_admin.py

say "bringing roles and permissions up to date"
superset init

# Assets of earlier versions stay: a browser that was open during the upgrade still asks for them.
say "copying static files for nginx"
cp -R --update /app/superset/static/. /srv/superset/static/
say "done"
