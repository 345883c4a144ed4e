#!/bin/sh
# cache-member <redis.conf>: one Redis of a group that Sentinels watch. `cache-member ready` is its readiness probe.
#
# Redis always starts without a role ("parked": it follows 127.0.0.1:1, where nobody is), with its data, and gets its role
# here: that which the Sentinels know, else that of a primary among the other members, else by an election. Sentinels do
# the failovers; this only brings a member that starts into the group, and repairs what they do not see.
#
# A member without data never becomes primary unless every other one is seen to be without data as well. Redis's
# replica-priority says how far it is: 0 never promote (no data, or not yet known), the time of its last write in seconds
# (parked, with data), 100 (primary, or was in step with one).
set -eu
program=cache-member
. /usr/local/lib/cryptosense/group.sh

PARKED=127.0.0.1
IN_STEP=100
# How long members with data wait for those that are missing. Members without data wait for ever.
PATIENCE_SECONDS=60
IDLE_SECONDS=5

self=$(own $CACHE_MEMBERS)

me() { ask 127.0.0.1 $REDIS_PORT "$@"; }

ready() {
  look 127.0.0.1 && [ "$loading" = 0 ] || exit 1
  # Parked is ready, or a StatefulSet would never start the members that this one waits for.
  [ "$role" = master ] || [ "$link" = up ] || [ "$follows" = "$PARKED" ] || exit 1
  exit 0
}

lead() {
  say "becomes primary: $1"
  me "CONFIG SET replica-priority $IN_STEP" 'REPLICAOF NO ONE' > /dev/null
}

follow() {
  say "follows $1: $2"
  me "REPLICAOF $1 $REDIS_PORT" > /dev/null
}

# The time of the last write to the volume, before Redis touches it; 101 at least, to differ from IN_STEP.
last_write() {
  latest=101
  for file in /data/appendonlydir/*.aof; do
    [ -s "$file" ] || continue
    at=$(stat -c %Y "$file")
    [ "$at" -le "$latest" ] || latest=$at
  done
  echo "$latest"
}

# score: of the member that `look` saw. Fails when it does not know yet what it holds. A replica that was in step when
# its primary went has everything that any restarted member can have.
score() {
  [ "$loading" = 0 ] || return 1
  if [ "$keys" = 0 ]; then echo 0
  elif [ "$priority" = 0 ]; then return 1
  elif [ "$priority" = $IN_STEP ]; then echo 9999999999
  else echo "$priority"; fi
}

# Sets best (host with the highest score, the first of equals), best_score, missing (how many members are not seen) and
# leader (a member that is primary).
survey() {
  best='' best_score=-1 missing=0 leader=''
  for member in $CACHE_MEMBERS; do
    if ! look "$member" || ! its=$(score); then missing=$((missing + 1)) && continue; fi
    [ "$role" != master ] || [ "$member" = "$self" ] || leader=${leader:-$member}
    if [ "$its" -gt "$best_score" ]; then best=$member best_score=$its; fi
  done
}

# Nobody knows a primary: this member is parked, or has lost its own.
elect() {
  refused=0
  survey
  if [ "$refused" = 1 ]; then
    [ "$complained" = 1 ] || say "another member refuses the password in $CACHE_AUTH: it has to be the same for all"
    complained=1
    return 0
  fi
  read -r now _ < /proc/uptime
  now=${now%.*}
  [ -n "$alone_since" ] || alone_since=$now
  waited=$((now - alone_since))
  if [ -n "$leader" ]; then follow "$leader" 'it is primary'
  elif [ "$best" != "$self" ]; then return 0
  elif [ "$missing" = 0 ]; then lead "the best of all members, score $best_score"
  elif [ "$best_score" != 0 ] && [ $waited -ge $PATIENCE_SECONDS ]; then
    lead "the best of those that answer, score $best_score, $missing missing"
  elif [ "$best_score" = 0 ] && [ $waited -ge $PATIENCE_SECONDS ] && [ $complained = 0 ]; then
    complained=1
    say "waits without data for $missing other members: one of them may have some"
  fi
}

# The Sentinels say that this one is primary, and it has no data: another one that has some must take over.
hand_over_empty() {
  survey
  if [ "$missing" = 0 ] && [ "$best_score" = 0 ]; then lead 'no member has any data'; else request_failover; fi
}

request_failover() {
  for sentinel in $CACHE_SENTINELS; do
    case $(ask "$sentinel" $SENTINEL_PORT "SENTINEL FAILOVER $GROUP") in
      OK?OK) say 'the Sentinels look for another primary' && return 0 ;;
      *INPROG*) return 0 ;;
    esac
  done
  return 1
}

# One look at this member and at the group. Sets settled=1 when there is nothing to do soon.
step() {
  settled=0
  look 127.0.0.1 && [ "$loading" = 0 ] || return 0
  if [ "$role" = master ] || [ "$synced" = 1 ]; then
    [ "$priority" = $IN_STEP ] || me "CONFIG SET replica-priority $IN_STEP" > /dev/null
  elif [ "$keys" = 1 ] && [ "$priority" = 0 ] && [ "$follows" = $PARKED ]; then
    me "CONFIG SET replica-priority $written" > /dev/null
  fi
  my_role=$role my_primary=$follows my_link=$link my_keys=$keys

  wanted=$(known_primary none)
  if [ -z "$wanted" ]; then
    if [ "$my_role" = slave ] && [ "$my_link" != up ]; then elect; else alone_since='' settled=1; fi
    return 0
  fi
  alone_since=''
  if [ "$wanted" = "$self" ]; then
    strayed=0
    if [ "$my_role" = slave ] && [ "$my_primary" = $PARKED ]; then
      if [ "$my_keys" = 1 ]; then lead 'the Sentinels say so'; else hand_over_empty; fi
    else
      settled=1
    fi
  elif [ "$my_role" = slave ] && [ "$my_primary" = $PARKED ]; then
    follow "$wanted" 'the Sentinels say so'
  elif [ "$my_role" = slave ] && [ "$my_link" = up ]; then
    strayed=0 settled=1
  elif [ "$my_primary" = "$wanted" ]; then
    strayed=0
  else
    # Primary beside another one, or behind one that is none any more. Sentinels repair what they know of: only when
    # they have not after a while.
    strayed=$((strayed + 1))
    if [ $strayed -gt 10 ]; then strayed=0 && follow "$wanted" 'the Sentinels say so'; fi
  fi
}

# Stopping as primary, first let a replica take over: clients lose no more than a moment. Sentinels look at a replica
# every 10 s, and may not know yet that one is fit.
stop() {
  trap '' TERM INT
  tries=0
  while look 127.0.0.1 && [ "$role" = master ] && [ "$replicas" != 0 ] && [ $tries -lt 30 ]; do
    request_failover || true
    tries=$((tries + 1))
    sleep 0.5
  done
  kill -TERM "$server" || true
  code=0
  wait "$server" || code=$?
  exit $code
}

# Not a plain sleep: a trap waits for the program in the foreground.
pause() {
  sleep "$1" &
  wait $! || true
}

[ "${1:-}" != ready ] || ready
settings=${1:?the path of redis.conf is missing}
written=$(last_write)
alone_since='' complained=0 refused=0 strayed=0 server=''

# From a pipe: Sentinel could not rewrite it, and no file holds the password a second time. The role is found anew at
# every start.
redis-server - <<EOF &
include $settings
masterauth $password
replica-announce-ip $self
replica-priority 0
replicaof $PARKED 1
EOF
server=$!
trap stop TERM INT
while kill -0 "$server" 2> /dev/null; do
  step || true
  if [ "${settled:-0}" = 1 ]; then pause $IDLE_SECONDS; else pause 1; fi
done
wait "$server"
