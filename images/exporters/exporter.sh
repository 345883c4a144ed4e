#!/bin/sh
# exporter postgres|pgbouncer|redis ARGUMENT...: runs an exporter, and again when it ends. A pod is as ready as the least
# of its containers: that of an exporter never ends by itself, so that nobody loses a database over its metrics.
set -u

kind=$1
shift
program=/usr/bin/prometheus-$kind-exporter

# Its password comes from the file that Redis itself reads, and is in no argument and no variable.
if [ "$kind" = redis ]; then
  passwords=/tmp/passwords.json
  umask 077
  while read -r word password; do
    [ "$word" = requirepass ] && printf '{"redis://localhost:6379":"%s"}' "$password" > "$passwords"
  done < "$CACHE_AUTH"
  set -- --redis.addr=redis://localhost:6379 --redis.password-file="$passwords" "$@"
fi

child=
stop() {
  [ -n "$child" ] && kill "$child" 2>/dev/null
  exit 0
}
trap stop TERM INT

while :; do
  "$program" "$@" &
  child=$!
  wait "$child"
  echo "exporter: $program ended with $?; it is started again in 5 s" >&2
  sleep 5 &
  child=$!
  wait "$child"
done
