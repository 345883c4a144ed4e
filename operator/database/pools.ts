import type { EffectiveSpec } from '../api/effective-spec.ts';
import { apiPoolSize, POOL_SIZE, POOL_SIZE_RANGE, POOL_SIZE_VARIABLE } from '../api/pool-size.ts';
import type { ResolvedEnvironment } from '../api/resolved.ts';
import { bounds } from '../rollout/rolling.ts';

/** Releases that have all their pods at once: the one that serves, the one that comes, and one that waits to be scaled down. */
const RELEASES_AT_ONCE = 3;

/**
 * Why clients would not get the connections that they may ask PgBouncer for: at most one sentence, with what to do. Pure.
 * Many clients share few connections to the database, that is what PgBouncer is for; so their number is compared with what
 * PgBouncer takes from clients, and what it opens itself only with the pool of a single pod. Migrations go to the database
 * directly (parameters.ts keeps connections for them).
 */
export function poolProblems({ spec }: Pick<ResolvedEnvironment, 'spec'>): string[] {
  const { pooler, autoscaling, predictor, release, database } = spec;
  if (pooler.replicaPoolSize !== undefined && database.members === 1)
    return [
      'spec.pooler.replicaPoolSize is for replicas of the database, and spec.database.members is 1: set that to 3, or leave replicaPoolSize out',
    ];
  const pool = apiPoolSize(release);
  const field = `spec.release.config.${POOL_SIZE_VARIABLE}`;
  const { least, most } = POOL_SIZE_RANGE;
  if (!(Number.isInteger(pool) && pool >= least && pool <= most))
    return [
      `${field} is ${release.config[POOL_SIZE_VARIABLE]}: write a whole number from ${least} to ${most}`,
    ];

  const server = pooler.poolSize + pooler.reservePoolSize;
  if (pool > server)
    return [
      `${field} (${pool}) is more than one pod of PgBouncer opens to the database (poolSize ${pooler.poolSize} and reservePoolSize ${pooler.reservePoolSize}), so that a single API pod could take all of it: lower it, or set spec.pooler.poolSize to at least ${pool - pooler.reservePoolSize}`,
    ];

  const pods = mostApiPods(spec);
  // A new pod comes before an old one goes.
  const forecasters = predictor.enabled ? predictor.replicas + 1 : 0;
  const clients = pods * pool + forecasters * POOL_SIZE.predictor;
  // One pod of several may be away, and the others take its clients.
  const remaining = Math.max(1, pooler.replicas - 1);
  const taken = remaining * pooler.maxClientConnections;
  if (clients <= taken) return [];
  const clause =
    forecasters > 0 ? ` and ${forecasters} of the predictor with ${POOL_SIZE.predictor} each` : '';
  return [
    `spec.pooler takes ${taken} connections from clients (maxClientConnections ${pooler.maxClientConnections}, ${remaining} of ${pooler.replicas} pods while one is away), and ${pods} API pods with ${pool} each (maxReplicas ${autoscaling.maxReplicas}, and those of a release beside it)${clause} may open ${clients}: set spec.pooler.maxClientConnections to at least ${Math.ceil(clients / remaining)}, or lower ${field} or spec.autoscaling.maxReplicas`,
  ];
}

/** API pods at the same time, with the autoscaler at its ceiling and a release on its way. */
function mostApiPods({ autoscaling, replicas, rollout }: EffectiveSpec): number {
  const size = Math.max(autoscaling.maxReplicas, replicas ?? 0);
  if (rollout.strategy === 'rolling') return size + bounds(rollout.rolling, size).surge;
  return RELEASES_AT_ONCE * size;
}
