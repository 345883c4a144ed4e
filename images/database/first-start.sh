#!/bin/bash
# Makes PGDATA: from the backups that RECOVERY_FOLDER leads to, or anew: initdb, roles and database, all in a sibling folder that is renamed at the very end. So PGDATA is
# either whole or not there, and a start that was killed half-way is simply begun again.
set -euo pipefail

fail() {
  echo "database: $1" >&2
  exit 1
}

# secret NAME: the value of NAME, or the content of the file that NAME_FILE names.
secret() {
  local file="${1}_FILE"
  if [ -n "${!file:-}" ]; then
    [ -r "${!file}" ] || fail "$file is ${!file}, which cannot be read."
    printf '%s' "$(<"${!file}")"
  else
    printf '%s' "${!1:-}"
  fi
}

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
app_user=${APP_USER:-}
password=$(secret POSTGRES_PASSWORD)
app_password=$(secret APP_PASSWORD)
[ -n "$password" ] || fail "set POSTGRES_PASSWORD_FILE or POSTGRES_PASSWORD: the first start gives it to $user."
[ -z "$app_user" ] || [ -n "$app_password" ] || fail "APP_USER is $app_user: set APP_PASSWORD_FILE or APP_PASSWORD too."
[ "$app_user" != "$user" ] || fail "APP_USER and POSTGRES_USER are both $user: the application's role must not be the superuser."

unfinished="$PGDATA.unfinished"
if [ -d "$PGDATA" ]; then
  rmdir "$PGDATA" 2>/dev/null || fail "$PGDATA has files in it but no PG_VERSION, so it is not a database: empty it, or mount the right volume."
fi
if [ -n "${RECOVERY_FOLDER:-}" ]; then
  echo "database: first start, making $PGDATA from backups" >&2
  exec node /usr/local/lib/cryptosense/backup.mjs recover
fi
if [ -e "$unfinished" ]; then
  echo "database: an earlier first start did not finish; it is begun again" >&2
  rm -rf "$unfinished"
fi
mkdir -p "$(dirname "$PGDATA")" || fail "$(dirname "$PGDATA") cannot be written by uid $(id -u): give the pod fsGroup 1001."

echo "database: first start, making $PGDATA" >&2
initdb --pgdata="$unfinished" --username="$user" --pwfile=<(printf '%s\n' "$password") --encoding=UTF8 \
  --locale=C.UTF-8 --data-checksums --auth=scram-sha-256 --no-instructions >/dev/null
{
  echo '# MAP  SYSTEM-USERNAME  PG-USERNAME'
  echo "container postgres \"$user\""
} > "$unfinished/pg_ident.conf"
echo '# Not read: the image has the settings, see /etc/cryptosense/postgresql.conf.' > "$unfinished/postgresql.conf"

# A server that nobody else can reach: its socket lies inside the unfinished data, and it does not listen.
pg_ctl --pgdata="$unfinished" --wait --silent --log="$unfinished/first-start.log" start -o "\
  -c config_file=/etc/cryptosense/postgresql.conf -c listen_addresses='' -c unix_socket_directories='$unfinished' \
  $([ "$(cat /etc/cryptosense/timescaledb)" = absent ] || echo -c shared_preload_libraries=timescaledb)" ||
  { cat "$unfinished/first-start.log" >&2; fail "PostgreSQL did not start for the first time: its log is above."; }

# The passwords come in through the environment: an argument would be seen in the list of processes. format(%L, %I)
# quotes them, whatever characters they have.
run() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$unfinished" --username="$user" "$@"; }
export app_user app_password database
if [ -n "$app_user" ]; then
  run --dbname=postgres <<'SQL'
\getenv app_user app_user
\getenv app_password app_password
select format('create role %I login nosuperuser nocreatedb nocreaterole password %L', :'app_user', :'app_password') \gexec
SQL
fi
run --dbname=postgres --set=owner="${app_user:-$user}" <<'SQL'
\getenv database database
select format('create database %I owner %I', :'database', :'owner')
 where not exists (select from pg_database where datname = :'database') \gexec
select format('alter database %I owner to %I', :'database', :'owner') where :'database' <> 'postgres' \gexec
SQL
if [ "$(cat /etc/cryptosense/timescaledb)" != absent ]; then
  run --dbname="$database" --command='create extension if not exists timescaledb'
fi
pg_ctl --pgdata="$unfinished" --wait --silent --mode=fast stop
rm -f "$unfinished/first-start.log"

# pg_ctl's stop has synced the data; the rename is what makes it count.
sync -f "$unfinished"
mv "$unfinished" "$PGDATA"
sync -f "$(dirname "$PGDATA")"
echo "database: $PGDATA is made" >&2
