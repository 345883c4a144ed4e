#!/bin/bash
# Runs pgBackRest on the repository of the environment's backups: archive_command, restore_command and backup.mjs all go
# this way. Settings come from BACKUP_FOLDER/pgbackrest.conf, and the secrets from files beside it, into the environment
# of pgBackRest alone: never into arguments, which every process of the pod could see.
# What is set already holds: PGBACKREST_STANZA, PGBACKREST_PG1_PATH.
set -euo pipefail

folder=${BACKUP_FOLDER:-/etc/cryptosense/backup}
read_file() {
  [ -r "$folder/$1" ] || { echo "ERROR: $folder/$1 cannot be read: look into the Secrets that spec.backup names" >&2; exit 1; }
  printf '%s' "$(<"$folder/$1")"
}

export PGBACKREST_CONFIG=$folder/pgbackrest.conf
PGBACKREST_REPO1_S3_KEY=$(read_file access-key-id)
PGBACKREST_REPO1_S3_KEY_SECRET=$(read_file secret-access-key)
PGBACKREST_REPO1_CIPHER_PASS=$(read_file passphrase)
export PGBACKREST_REPO1_S3_KEY PGBACKREST_REPO1_S3_KEY_SECRET PGBACKREST_REPO1_CIPHER_PASS
export PGBACKREST_STANZA=${PGBACKREST_STANZA:-$(read_file stanza)}
export PGBACKREST_PG1_PATH=${PGBACKREST_PG1_PATH:-$PGDATA}
export PGBACKREST_PG1_SOCKET_PATH=${PGBACKREST_PG1_SOCKET_PATH:-/var/run/postgresql}
export PGBACKREST_PG1_USER=${PGBACKREST_PG1_USER:-postgres}
# PostgreSQL waits for archive_command before it goes on: a storage that does not answer must look like a failure soon.
if [ "${1:-}" = archive-push ]; then exec timeout --kill-after=5 90 pgbackrest "$@"; fi
exec pgbackrest "$@"
