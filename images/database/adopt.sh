#!/bin/bash
# adopt.sh REPLICATION REWIND: gives data that Patroni has never run the two roles that members log in to each other with.
# Their passwords are two lines of the input. It is begun again when it was killed half-way.
set -euo pipefail

fail() {
  echo "database: $1" >&2
  exit 1
}
replication=$1 rewind=$2
user=${POSTGRES_USER:-postgres}
read -r replication_password
read -r rewind_password
export replication rewind replication_password rewind_password

echo "database: preparing $PGDATA for Patroni" >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A server that nobody else can reach. After a crash it replays its log first, which may take its time.
pg_ctl --pgdata="$PGDATA" --wait --timeout=86400 --silent --log="$folder/log" start -o "\
  -c config_file=/etc/cryptosense/postgresql.conf -c listen_addresses='' -c unix_socket_directories='$folder' \
  -c ident_file='$PGDATA/pg_ident.conf' \
  $([ "$(cat /etc/cryptosense/timescaledb)" = absent ] || echo -c shared_preload_libraries=timescaledb)" ||
  { cat "$folder/log" >&2; fail "PostgreSQL did not start on $PGDATA: its log is above."; }

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$folder" --username="$user" --dbname=postgres <<'SQL'
\getenv replication replication
\getenv rewind rewind
\getenv replication_password replication_password
\getenv rewind_password rewind_password
select format('create role %I', name) from (values (:'replication'), (:'rewind')) as roles (name)
 where not exists (select from pg_roles where rolname = name) \gexec
select format('alter role %I login replication password %L', :'replication', :'replication_password') \gexec
select format('alter role %I login password %L', :'rewind', :'rewind_password') \gexec
select format('grant execute on function %s to %I', name::regprocedure, :'rewind')
  from (values ('pg_ls_dir(text, boolean, boolean)'), ('pg_stat_file(text, boolean)'),
               ('pg_read_binary_file(text)'), ('pg_read_binary_file(text, bigint, bigint, boolean)')) as functions (name) \gexec
SQL
pg_ctl --pgdata="$PGDATA" --wait --timeout=3600 --silent --mode=fast stop
