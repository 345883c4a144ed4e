#!/bin/sh
# cache-sentinel: one Sentinel of the group. `cache-sentinel ready` and
# `cache-sentinel alive` are its probes.
#
# Sentinel keeps what it knows in /run/sentinel, which a restarted container still has. A new pod asks the other
# Sentinels, then the Redis members, and waits until one of them is primary: it never makes one.
set -eu
program=cache-sentinel
. /usr/local/lib/cryptosense/group.sh

STATE=/run/sentinel/sentinel.conf
QUORUM=2

self=$(own $CACHE_SENTINELS)

ready() {
  reply=$(ask 127.0.0.1 $SENTINEL_PORT "SENTINEL MASTER $GROUP") || exit 1
  flags=''
  while read -r field && read -r value; do
    [ "$field" != flags ] || flags=$value
  done <<EOF
$(drop_first "$reply")
EOF
  # No s_down, o_down, disconnected: only "master", or with it a failover that is under way.
  [ "$flags" = master ]
  exit 0
}

# The member that is primary. Of two, which a cut network leaves behind: with data, then with more replicas.
serving_primary() {
  found='' most=-1
  for member in $CACHE_MEMBERS; do
    look "$member" && [ "$role" = master ] && [ "$loading" = 0 ] || continue
    rank=$((keys * 100 + replicas))
    if [ "$rank" -gt "$most" ]; then found=$member most=$rank; fi
  done
  echo "$found"
}

# The same name gives the same identity: another one at every start would be counted as one more Sentinel, until
# no majority is left.
identity() { printf '%040d' "${HOSTNAME##*-}"; }

# The order matters: names are resolved only after "resolve-hostnames" was read.
# 5 s without an answer are a failure: less, and a node that is busy for a moment causes failovers.
settings() {
  cat <<EOF
port $SENTINEL_PORT
dir /run/sentinel
requirepass $password
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $self
sentinel myid $(identity)
sentinel monitor $GROUP $1 $REDIS_PORT $QUORUM
sentinel auth-pass $GROUP $password
sentinel down-after-milliseconds $GROUP 5000
sentinel failover-timeout $GROUP 15000
sentinel parallel-syncs $GROUP 1
EOF
  # All members, also those that are away: a new Sentinel could not promote a replica that it has never heard of.
  for member in $CACHE_MEMBERS; do
    [ "$member" = "$1" ] || echo "sentinel known-replica $GROUP $member $REDIS_PORT"
  done
}

# Looking for a primary is alive; a Sentinel that does not answer is not.
alive() {
  [ -s "$STATE" ] || exit 0
  [ "$(ask 127.0.0.1 $SENTINEL_PORT PING)" = "OK
PONG" ]
  exit 0
}

case ${1:-} in ready) ready ;; alive) alive ;; esac
trap 'exit 143' TERM INT
umask 077
if [ ! -s "$STATE" ]; then
  say 'looks for the primary'
  until primary=$(known_primary "$self") && primary=${primary:-$(serving_primary)} && [ -n "$primary" ]; do
    sleep 1 &
    wait $! || true
  done
  say "watches $primary"
  settings "$primary" > "$STATE.new"
  mv "$STATE.new" "$STATE"
fi
exec redis-server "$STATE" --sentinel
