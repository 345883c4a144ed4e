import * as assert from 'uvu/assert';
import { readPredictorConfig, readServerConfig } from '../../../app/config.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { POOL_SIZE, POOL_SIZE_RANGE } from '../../../operator/api/pool-size.ts';
import { poolProblems } from '../../../operator/database/pools.ts';
import { problemsOf } from '../../../operator/environment/validate.ts';
import { suite } from '../../harness/suite.ts';
import { resolved, TIERS } from '../charts/environments.ts';

const test = suite('pools against PgBouncer');

function problems(spec: Partial<EnvironmentSpec>): string {
  return poolProblems(resolved({ tier: 'production', ...spec })).join('\n');
}

const release = (DATABASE_POOL_SIZE: string) => ({
  image: 'cryptosense-api:1.0.0',
  config: { DATABASE_POOL_SIZE },
});

/** The number of clients that just fit, found by the rule itself. */
function least(spec: Partial<EnvironmentSpec>): number {
  for (let maxClientConnections = 10; maxClientConnections <= 10_000; maxClientConnections += 1)
    if (problems({ ...spec, pooler: { ...spec.pooler, maxClientConnections } }) === '')
      return maxClientConnections;
  throw new Error('nothing fits');
}

test('no tier has a problem of its own, with any strategy', () => {
  for (const tier of TIERS)
    for (const strategy of ['canary', 'blueGreen', 'rolling'] as const)
      assert.equal(poolProblems(resolved({ tier, rollout: { strategy } })), []);
});

test('the sentence has every number and what to set', () => {
  assert.is(
    problems({ autoscaling: { maxReplicas: 40 } }),
    'spec.pooler takes 1000 connections from clients (maxClientConnections 1000, 1 of 2 pods while one is away), and 120 API pods with 10 each (maxReplicas 40, and those of a release beside it) and 2 of the predictor with 2 each may open 1204: set spec.pooler.maxClientConnections to at least 1204, or lower spec.release.config.DATABASE_POOL_SIZE or spec.autoscaling.maxReplicas',
  );
});

test('a pool for the replicas needs some', () => {
  const pooler = { replicaPoolSize: 10 };
  assert.is(problems({ pooler }), '');
  assert.match(
    problems({ pooler, database: { members: 1 } }),
    /replicaPoolSize is for replicas .* set that to 3/,
  );
});

test('a pool for the replicas counts for max_connections, as one of them may become primary', () => {
  const at = (max_connections: string, replicaPoolSize?: number) =>
    problemsOf(
      resolved({
        tier: 'production',
        database: { parameters: { max_connections } },
        pooler: replicaPoolSize === undefined ? {} : { replicaPoolSize },
      }),
    ).join();
  // Three pods of PgBouncer with 25 and 5, and 10 that are kept.
  assert.is(at('100'), '');
  assert.match(at('100', 10), /can open 120 connections .* replicaPoolSize 10 .* at least 130/);
  assert.is(at('130', 10), '');
});

test('what it says to set is enough, and one less is not', () => {
  const spec = { autoscaling: { maxReplicas: 40 }, pooler: { replicas: 3 } };
  assert.match(problems({ ...spec, pooler: { replicas: 3, maxClientConnections: 601 } }), /at least 602/);
  assert.is(least(spec), 602);
});

test('canary and blue-green count three releases, rolling counts its surge', () => {
  const none = { predictor: { enabled: false }, autoscaling: { maxReplicas: 10 } };
  assert.is(least({ ...none, rollout: { strategy: 'canary' } }), 300);
  assert.is(least({ ...none, rollout: { strategy: 'blueGreen' } }), 300);
  assert.is(least({ ...none, rollout: { strategy: 'rolling' } }), 130);
  const rolling = { strategy: 'rolling', rolling: { maxSurge: 1, maxUnavailable: 0 } } as const;
  assert.is(least({ ...none, rollout: rolling }), 110);
});

test('replicas written by hand count where they are above the ceiling', () => {
  const none = { predictor: { enabled: false }, autoscaling: { maxReplicas: 10 } };
  assert.is(least({ ...none, replicas: 4 }), 300);
  assert.is(least({ ...none, replicas: 20 }), 600);
});

test('the predictor counts with one pod more while it is replaced', () => {
  const spec = { autoscaling: { maxReplicas: 10 } };
  assert.is(least({ ...spec, predictor: { enabled: false } }), 300);
  assert.is(least({ ...spec, predictor: { replicas: 3 } }), 308);
});

test('the pool of the release counts, and an empty value is none', () => {
  assert.is(least({ release: release('25'), predictor: { enabled: false } }), 750);
  assert.is(least({ release: release(''), predictor: { enabled: false } }), 300);
});

test('a pool that PgBouncer could not serve is refused', () => {
  assert.is(problems({ release: release('30') }), '');
  assert.match(
    problems({ release: release('31') }),
    /DATABASE_POOL_SIZE \(31\) is more than one pod of PgBouncer opens .*pooler.poolSize to at least 26/,
  );
});

test('a pool of the wrong form is refused before any pod fails to start', () => {
  for (const value of ['ten', '0', '101', '1.5', '-1'])
    assert.is(
      problems({ release: release(value) }),
      `spec.release.config.DATABASE_POOL_SIZE is ${value}: write a whole number from 1 to 100`,
    );
});

test('the application takes the same numbers, and opens as many where nobody tells it', () => {
  const variables = {
    NODE_ENV: 'production',
    API_BASE_URL: 'http://api.test',
    DATABASE_URL: 'postgresql://user:password@host:5432/name',
    REDIS_URL: 'redis://host:6379',
  };
  assert.is(readServerConfig(variables).database.poolSize, POOL_SIZE.api);
  assert.is(readPredictorConfig(variables).database.poolSize, POOL_SIZE.predictor);
  const taken = (size: number) =>
    readServerConfig({ ...variables, DATABASE_POOL_SIZE: String(size) }).database.poolSize;
  const { least, most } = POOL_SIZE_RANGE;
  assert.equal([taken(least), taken(most)], [least, most]);
  for (const size of [least - 1, most + 1]) assert.throws(() => taken(size), /DATABASE_POOL_SIZE/);
});

test('it is among the problems of an environment', () => {
  assert.match(problemsOf(resolved({ release: release('ten') })).join('\n'), /DATABASE_POOL_SIZE is ten/);
});

test.run();
