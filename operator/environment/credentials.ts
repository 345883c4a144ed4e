import {
  databaseName,
  type Environment,
  labels,
  type Manifest,
  names,
  resolveEnvironment,
} from '../api/resolved.ts';

/**
 * The Secret with every password of an environment. It is only ever created: what is in it opens a volume that outlives
 * the environment, so it has no owner and is never written again by the operator.
 * `randomPassword` gives URL-safe text.
 */
export function credentialsFor(environment: Environment, randomPassword: () => string): Manifest {
  const { name, namespace, spec } = resolveEnvironment(environment);
  const its = names(name);
  const database = databaseName(spec.tier);
  const [superuser, app, cache] = [randomPassword(), randomPassword(), randomPassword()];
  const login = (host: string, port: number) => `postgresql://cryptosense:${app}@${host}:${port}/${database}`;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: its.credentials, namespace, labels: labels(name, 'database') },
    type: 'Opaque',
    stringData: {
      POSTGRES_PASSWORD: superuser,
      APP_PASSWORD: app,
      DATABASE_URL: login(its.pooler, 6432),
      MIGRATION_DATABASE_URL: login(its.database, 5432),
      REDIS_PASSWORD: cache,
      REDIS_URL: `redis://:${cache}@${its.cache}:6379`,
      // Plain text: PgBouncer needs it to answer SCRAM on both of its sides.
      'userlist.txt': `"cryptosense" "${app}"\n`,
      'redis-auth.conf': `requirepass ${cache}\n`,
    },
  };
}
