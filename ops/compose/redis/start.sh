#!/bin/sh
# Starts Redis with a configuration file, and with the password of a secret file, which reaches Redis by its standard
# input: neither the list of processes nor the environment shows it.
# Usage: start.sh CONFIGURATION PASSWORD-FILE
set -eu
configuration=$1
secret=$2

fail() {
  printf 'start.sh: %s\n' "$*" >&2
  exit 1
}

[ -r "$secret" ] || fail "cannot read $secret; on the host, ./make-secrets makes it"
password=$(cat "$secret")
case $password in
  "") fail "$secret is empty" ;;
  *[!A-Za-z0-9_-]*) fail "$secret may hold letters, digits, _ and - only" ;;
esac

if [ "$(id -u)" -eq 0 ]; then
  # The data may be those of an image with another number for this user.
  find /data ! -user redis -exec chown redis:redis '{}' +
  exec setpriv --reuid=redis --regid=redis --clear-groups redis-server "$configuration" - <<TEXT
requirepass $password
TEXT
fi
exec redis-server "$configuration" - <<TEXT
requirepass $password
TEXT
