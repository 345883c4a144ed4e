import * as assert from 'uvu/assert';
import { effectiveSpec } from '../../../operator/api/effective-spec.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('tiers');

const release = { image: 'cryptosense-api:1.0.0' };

test('a tier and an image are enough: every other field has a value', () => {
  for (const tier of ['local', 'development', 'staging', 'production'] as const) {
    const spec = effectiveSpec({ tier, release });
    assert.ok(spec.autoscaling.minReplicas <= spec.autoscaling.maxReplicas, tier);
    assert.is(spec.rollout.canary.steps.at(-1)?.weight, 100, tier);
    assert.not.match(JSON.stringify(spec), 'undefined');
  }
});

test('the tiers have the log levels, hosts and feeds of the guide', () => {
  const config = (tier: 'local' | 'development' | 'staging' | 'production') =>
    effectiveSpec({ tier, release }).release.config;
  assert.is(config('development').LOG_LEVEL, 'debug');
  assert.is(config('staging').LOG_LEVEL, 'info');
  assert.is(config('production').LOG_LEVEL, 'warn');
  assert.is(config('production').API_BASE_URL, 'https://api.cryptosense.com');
  assert.is(config('local').FEED, 'simulator');
});

test('production gives 10 % of the requests first and waits for enough of them', () => {
  const { canary } = effectiveSpec({ tier: 'production', release }).rollout;
  assert.equal(canary.steps, [{ weight: 10 }, { pause: '15m' }, { weight: 100 }]);
  assert.is(canary.analysis.onInsufficientData, 'pause');
});

test('what is written wins, and leaves its neighbours as they were', () => {
  const spec = effectiveSpec({
    tier: 'staging',
    release: { ...release, config: { LOG_LEVEL: 'debug' } },
    rollout: { canary: { analysis: { minRequests: 7 } } },
    database: { resources: { memory: '4Gi' } },
  });
  assert.is(spec.release.config.LOG_LEVEL, 'debug');
  assert.is(spec.release.config.NODE_ENV, 'staging');
  assert.is(spec.rollout.canary.analysis.minRequests, 7);
  assert.is(spec.rollout.canary.analysis.interval, '15s');
  assert.equal(spec.database.resources, { cpu: '500m', memory: '4Gi' });
});

test('a quantity that is written as a number is text afterwards, as the API server has it', () => {
  const { database } = effectiveSpec({
    tier: 'local',
    release,
    database: { storage: 1_073_741_824, resources: { cpu: 2 } },
  });
  assert.is(database.storage, '1073741824');
  assert.equal(database.resources, { cpu: '2', memory: '256Mi' });
});

test('filling in a spec changes neither the spec nor the defaults', () => {
  const spec = { tier: 'local' as const, release };
  effectiveSpec(spec).release.config.CHANGED = 'yes';
  assert.is(effectiveSpec(spec).release.config.CHANGED, undefined);
  assert.equal(spec, { tier: 'local', release });
});

test('replicas stay absent until somebody writes them', () => {
  assert.not('replicas' in effectiveSpec({ tier: 'local', release }));
  assert.is(effectiveSpec({ tier: 'local', release, replicas: 0 }).replicas, 0);
});

test.run();
