#!/bin/bash
# Tries settings before a database gets them: starts a PostgreSQL on scratch data with the image's own settings and, over
# them, the text in SETTINGS, and asks it something. Ends with 0 when it answers; with 1 when PostgreSQL does not take
# them, and what it says about it is the end of the output; with 2 when that could not be found out.
set -euo pipefail

: "${SETTINGS?set SETTINGS to the text of a .conf file}"
trap 'exit 143' TERM INT
folder=$(mktemp -d)
data=$folder/data log=$folder/log
settings=/etc/cryptosense/postgresql.d/cryptosense.conf

printf '%s' "$SETTINGS" > "$settings" || exit 2
# Nothing of it is kept: without syncs and checksums it takes a second.
initdb --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync \
  --no-instructions > "$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 2; }

# Only what makes it reachable here, and its words readable, is not as in the database.
overrides="-c config_file=/etc/cryptosense/postgresql.conf -c hba_file=$data/pg_hba.conf -c listen_addresses='' \
  -c unix_socket_directories=$folder -c fsync=off -c log_line_prefix='' -c log_min_messages=warning -c lc_messages=C \
  $([ "$(cat /etc/cryptosense/timescaledb)" = absent ] || echo -c shared_preload_libraries=timescaledb)"

# refused WHAT: what PostgreSQL said about it, without the file that only this script knows.
refused() {
  grep -Ev '^(LOG:  (starting|listening|database system|redirecting)|FATAL:  configuration file .* contains errors)' "$log" |
    sed -E "s#(, near token \"[^\"]*\")?( in)? file \"$settings\",? line [0-9]+#\\1#; s#^[A-Z]+:  ##" | tail -n 8 > "$folder/words" || true
  echo "PostgreSQL $1: $(tr '\n' ' ' < "$folder/words" | cut -c 1-1200)" >&2
  exit 1
}

pg_ctl --pgdata="$data" --wait --timeout=120 --silent --log="$log" start -o "$overrides" > /dev/null 2>&1 ||
  refused 'does not start'
psql --no-psqlrc --host="$folder" --username=postgres --dbname=postgres --tuples-only --quiet \
  --command='select from pg_settings limit 1' > /dev/null 2>> "$log" || refused 'starts, but does not answer'
pg_ctl --pgdata="$data" --silent --mode=immediate stop
echo 'PostgreSQL starts and answers.'
