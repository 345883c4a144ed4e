#!/bin/sh
# pooler.sh <settings>: PgBouncer, and beside it a watch over the files that its settings name.
#
# The kubelet renews mounted passwords and certificates in place, and PgBouncer reads them again only when it is told to
# (SIGHUP), which drops no client and no connection. PgBouncer takes the place of this shell, so that it is the
# first process: every signal reaches it and means what it means to PgBouncer, and nothing outlives it.
set -eu

every=${POOLER_LOOK_SECONDS:-2}
pgbouncer=$$

# The values of auth_file, server_tls_ca_file, ...
named=
while IFS=' =' read -r key value; do
  case $key in *_file) named="$named $value" ;; esac
done < "$1"

# One that is not there has no sum, which is as good as another one.
sums() { sha256sum $named 2>/dev/null || true; }

follow() {
  known=$1
  while sleep "$every"; do
    found=$(sums)
    [ "$found" != "$known" ] || continue
    echo "pooler: files that the settings name have changed: PgBouncer reads them" >&2
    kill -HUP "$pgbouncer"
    known=$found
  done
}

# From before PgBouncer reads them for the first time: what changes in between is read twice, and never missed.
first=$(sums)
follow "$first" &
exec /usr/sbin/pgbouncer "$@"
