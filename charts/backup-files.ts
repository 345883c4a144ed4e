import { databaseName, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { BACKUP_FOLDER, pgbackrestSettings } from '../operator/backup/pgbackrest-settings.ts';
import { prefixOf, stanzaOf } from '../operator/backup/repository.ts';
import type { Mount } from './pod.ts';

/** Storage that is named nowhere has this region. */
const REGION = 'us-east-1';

/** Where backups go, when they are taken. */
export type BackupPlace = ReturnType<typeof backupPlace> & object;

/** What `spec.backup` says of the bucket; undefined while no backups are taken. */
export function backupPlace({ name, namespace, spec }: ResolvedEnvironment) {
  const { enabled, bucket, encryptionSecret } = spec.backup;
  // The API server takes no enabled backups without both.
  if (!enabled || !bucket || !encryptionSecret) return undefined;
  return { bucket, encryptionSecret, prefix: prefixOf({ name, namespace }, bucket.prefix) };
}

/** What the program of the Jobs and the agent reads, beside the secrets: the data of a ConfigMap. */
export function backupSettings(environment: ResolvedEnvironment, place: BackupPlace): Record<string, string> {
  const { name, namespace, spec } = environment;
  const its = names(name);
  const { bucket, prefix } = place;
  const stanza = stanzaOf(name, spec.backup.stanza);
  const { endpoint, region = REGION } = bucket;
  const settings = {
    environment: name,
    namespace,
    stanza,
    prefix,
    bucket: { endpoint, region, name: bucket.name },
    schedule: spec.backup.schedule,
    retention: spec.backup.retention,
    database: { host: its.database, name: databaseName(spec.tier), members: its.databaseMembers },
  };
  const hasOwnAuthority = bucket.caSecret !== undefined;
  return {
    'settings.json': `${JSON.stringify(settings, undefined, 2)}\n`,
    stanza,
    'pgbackrest.conf': pgbackrestSettings({ bucket, prefix, hasOwnAuthority }),
  };
}

/** Settings and secrets of backups as files of one folder; `login`: also the one that dumps are taken with. */
export function backupFiles(name: string, place: BackupPlace, { login = false } = {}): Mount {
  const its = names(name);
  const { bucket, encryptionSecret } = place;
  const secret = (secretName: string, ...keys: string[]) => ({
    secret: { name: secretName, items: keys.map((key) => ({ key, path: key })) },
  });
  const sources = [
    { configMap: { name: its.backup } },
    secret(bucket.credentialsSecret, 'access-key-id', 'secret-access-key'),
    secret(encryptionSecret, 'passphrase'),
    ...(bucket.caSecret === undefined ? [] : [secret(bucket.caSecret, 'ca.crt')]),
    ...(login ? [secret(its.credentials, 'MIGRATION_DATABASE_URL')] : []),
  ];
  const volume = { name: 'backup', projected: { sources, defaultMode: 0o440 } };
  return { path: BACKUP_FOLDER, volume, readOnly: true };
}
