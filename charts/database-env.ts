import type { k8s } from 'cdk8s-plus-28';
import type { Tier } from '../operator/api/environment.ts';
import { databaseName } from '../operator/api/resolved.ts';
import { SECRETS_FOLDER } from './pod.ts';

/** Where a member has its volume, and in it the data. */
export const DATABASE_FOLDER = '/var/lib/postgresql/data';

/** What a member reads of the credentials. */
export const DATABASE_SECRETS = ['POSTGRES_PASSWORD', 'APP_PASSWORD'];

/** The login role of the application; the operator makes its password. */
const APP_USER = 'cryptosense';

/** Who a database is: for its members, and for what restores it. */
export function databaseEnv(tier: Tier): k8s.EnvVar[] {
  return [
    { name: 'POSTGRES_USER', value: 'postgres' },
    { name: 'POSTGRES_DB', value: databaseName(tier) },
    { name: 'POSTGRES_PASSWORD_FILE', value: `${SECRETS_FOLDER}/POSTGRES_PASSWORD` },
    { name: 'APP_USER', value: APP_USER },
    { name: 'APP_PASSWORD_FILE', value: `${SECRETS_FOLDER}/APP_PASSWORD` },
    { name: 'PGDATA', value: `${DATABASE_FOLDER}/pgdata` },
  ];
}
