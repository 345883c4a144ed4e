# What the members of a Redis group and their Sentinels share. Read by cache-member and cache-sentinel.
#
# CACHE_MEMBERS, CACHE_SENTINELS: host names, in their order, separated by spaces. The first label of one of them is this
# container's own host name. CACHE_AUTH: a file with the line "requirepass <password>".

GROUP=cache
REDIS_PORT=6379
SENTINEL_PORT=26379
CR=$(printf '\r')

fail() {
  echo "$program: $1" >&2
  exit 1
}

say() { echo "$program: $1"; }

[ -n "${CACHE_MEMBERS:-}" ] || fail "CACHE_MEMBERS is empty: name the host of every Redis of the group in it."
[ -n "${CACHE_SENTINELS:-}" ] || fail "CACHE_SENTINELS is empty: name the host of every Sentinel in it."
[ -r "${CACHE_AUTH:-}" ] || fail "CACHE_AUTH names no readable file: it has to hold the line \"requirepass <password>\"."
read -r _ password < "$CACHE_AUTH" || [ -n "$password" ] || fail "$CACHE_AUTH has no line \"requirepass <password>\"."

# own <host>...: prints the one that is this container.
own() {
  for host in "$@"; do
    case $host in "$HOSTNAME" | "$HOSTNAME".*) echo "$host" && return ;; esac
  done
  fail "the host name $HOSTNAME is none of: $*"
}

# ask <host> <port> <command>...: answers after that to AUTH. The password goes through a pipe: in an argument or a
# variable of redis-cli every process list would show it.
ask() {
  asked=$1 at=$2
  shift 2
  { printf 'AUTH %s\n' "$password" && printf '%s\n' "$@"; } | timeout 2 redis-cli -h "$asked" -p "$at" 2>&1
}

# known_primary <host to leave out>: prints which Redis the Sentinels take for the primary, or nothing when none of them
# answers or knows one. Where they differ, the newest failover counts, as it does among Sentinels.
known_primary() {
  primary='' newest=-1
  for sentinel in $CACHE_SENTINELS; do
    [ "$sentinel" != "$1" ] || continue
    reply=$(ask "$sentinel" $SENTINEL_PORT "SENTINEL MASTER $GROUP") || continue
    host='' epoch=-1
    # The answer to AUTH, then names and values in turn.
    while read -r field && read -r value; do
      case $field in ip) host=$value ;; config-epoch) epoch=$value ;; esac
    done <<EOF
$(drop_first "$reply")
EOF
    if [ -n "$host" ] && [ "$epoch" -gt "$newest" ]; then primary=$host newest=$epoch; fi
  done
  echo "$primary"
}

drop_first() { printf '%s\n' "${1#*
}"; }

# look <host>: sets role (master, slave), follows (whom), link (up, down), loading (0, 1), keys (0 when it holds none),
# replicas (how many follow it), priority, and synced (0 when it never was in step with a primary since it started) of that
# Redis. Fails when it does not answer; sets refused=1 when it does not take the password.
look() {
  role='' follows='' link='' loading='' keys=0 replicas=0 priority=0 synced=0
  reply=$(ask "$1" $REDIS_PORT INFO) || return 1
  case $reply in WRONGPASS*) refused=1 ;; esac
  while IFS=: read -r field value; do
    value=${value%"$CR"}
    case $field in
      role) role=$value ;;
      master_host) follows=$value ;;
      master_link_status) link=$value && if [ "$link" = up ]; then synced=1; fi ;;
      master_link_down_since_seconds) if [ "$value" -ge 0 ]; then synced=1; fi ;;
      loading) loading=$value ;;
      slave_priority) priority=$value ;;
      connected_slaves) replicas=$value ;;
      db*) keys=1 ;;
    esac
  done <<EOF
$reply
EOF
  [ -n "$role" ]
}
