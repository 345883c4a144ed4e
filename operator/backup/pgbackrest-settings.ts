import { repositoryPath } from './repository.ts';

/** Where pods find the settings and secrets of backups. */
export const BACKUP_FOLDER = '/etc/cryptosense/backup';

/** Newest fulls for which the log is kept, so that every moment since the oldest of them can be gone back to. */
export const ARCHIVE_OF_FULLS = 7;

export interface RepositorySettings {
  readonly bucket: { readonly endpoint: string; readonly region?: string | undefined; readonly name: string };
  readonly prefix: string;
  /** Whether the storage's certificate is signed by the authority in ca.crt. */
  readonly hasOwnAuthority: boolean;
  /** Where that is, when not in BACKUP_FOLDER. */
  readonly folder?: string;
}

/**
 * pgbackrest.conf, without secrets and without what is a stanza's. Fulls are never expired by pgBackRest's own count
 * (repo1-retention-full is not set): the retention of days, weeks and months takes each away by its label. Pure.
 */
export function pgbackrestSettings({
  bucket,
  prefix,
  hasOwnAuthority,
  folder = BACKUP_FOLDER,
}: RepositorySettings): string {
  const { hostname, port } = new URL(bucket.endpoint);
  const lines: Record<string, string> = {
    'repo1-type': 's3',
    'repo1-path': repositoryPath(prefix),
    'repo1-s3-bucket': bucket.name,
    'repo1-s3-endpoint': hostname,
    ...(port ? { 'repo1-storage-port': port } : {}),
    'repo1-s3-region': bucket.region ?? 'us-east-1',
    // Every storage understands it; names of buckets as names of hosts would need wildcard certificates.
    'repo1-s3-uri-style': 'path',
    ...(hasOwnAuthority ? { 'repo1-storage-ca-file': `${folder}/ca.crt` } : {}),
    'repo1-cipher-type': 'aes-256-cbc',
    'repo1-bundle': 'y',
    'repo1-retention-archive-type': 'full',
    'repo1-retention-archive': String(ARCHIVE_OF_FULLS),
    'expire-auto': 'n',
    'compress-type': 'zst',
    'start-fast': 'y',
    'process-max': '2',
    'archive-timeout': '60',
    'io-timeout': '20',
    'db-timeout': '600',
    'protocol-timeout': '630',
    'log-level-console': 'error',
    'log-level-stderr': 'off',
    'log-level-file': 'off',
    'lock-path': '/tmp/pgbackrest',
    'spool-path': '/tmp/pgbackrest',
  };
  return `[global]\n${Object.entries(lines)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}`;
}
