#!/bin/bash
# Starts PostgreSQL on PGDATA, which is made on the first start. Arguments go to postgres (`-c name=value`).
# Environment: POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE (first start), POSTGRES_USER (postgres), POSTGRES_DB (as
# POSTGRES_USER), APP_USER with APP_PASSWORD or APP_PASSWORD_FILE (a plain role that owns POSTGRES_DB).
set -euo pipefail

fail() {
  echo "database: $1" >&2
  exit 1
}

# As PID 1 a shell ignores signals that it does not trap; a stop during the first start must not wait for a kill.
trap 'exit 143' TERM INT

# Anything else than a server is run as it is: `docker run … psql`, Patroni, pgbackrest.
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ] && [ "$1" != postgres ]; then exec "$@"; fi
[ "${1:-}" != postgres ] || shift

[ "$(id -u)" != 0 ] || fail "PostgreSQL does not run as root: run the container as uid 1001, as the image says."

timescaledb=$(cat /etc/cryptosense/timescaledb)
preload=()
if [ "$timescaledb" = absent ]; then
  echo "database: TimescaleDB is not in this image (no apt source had it when it was built)" >&2
else
  echo "database: TimescaleDB $timescaledb" >&2
  preload=(-c shared_preload_libraries=timescaledb)
fi

[ -s "$PGDATA/PG_VERSION" ] || first-start.sh
major=$(cat "$PGDATA/PG_VERSION")
[ "$major" = 15 ] || fail "$PGDATA holds the data of PostgreSQL $major and this image is PostgreSQL 15: use the image of that version, or upgrade the data."

# exec: PostgreSQL is PID 1 and gets the stop signal itself.
exec postgres -D "$PGDATA" -c config_file=/etc/cryptosense/postgresql.conf "${preload[@]}" "$@"
