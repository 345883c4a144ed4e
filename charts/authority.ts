import type { k8s } from 'cdk8s-plus-28';
import { names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import type { Mount } from './pod.ts';

/** Where a pod finds the authority that signs the certificates of the database. */
const AUTHORITY_FOLDER = '/etc/cryptosense/authority';

/** What the certificate of the database is verified with. */
export const AUTHORITY_FILE = `${AUTHORITY_FOLDER}/ca.crt`;

/** Of the authority, `ca.crt` for who connects; only a member of the database has also its key. */
export function authorityFiles(
  environment: string,
  keys: readonly ('ca.crt' | 'ca.key')[] = ['ca.crt'],
): Mount {
  const secret = {
    secretName: names(environment).authority,
    items: keys.map((key) => ({ key, path: key })),
    defaultMode: 0o440,
  };
  return { path: AUTHORITY_FOLDER, volume: { name: 'authority', secret }, readOnly: true };
}

/** Files and libpq's variables of a pod that connects to the database itself; none of them before every member serves TLS. */
export function verifiedConnections({ name, spec }: ResolvedEnvironment): {
  mounts: Mount[];
  env: k8s.EnvVar[];
} {
  if (spec.database.tls !== 'required') return { mounts: [], env: [] };
  return {
    mounts: [authorityFiles(name)],
    env: [
      { name: 'PGSSLMODE', value: 'verify-full' },
      { name: 'PGSSLROOTCERT', value: AUTHORITY_FILE },
    ],
  };
}
