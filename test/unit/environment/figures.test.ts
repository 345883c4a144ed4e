import { Registry } from 'prom-client';
import { equal, is, match, ok } from 'uvu/assert';
import { allAlerts } from '../../../charts/alerts/catalogue.ts';
import { scopeOf } from '../../../charts/alerts/rule.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { ENVIRONMENT_METRICS, phaseOf } from '../../../operator/metrics/environment-figures.ts';
import { environmentGauges } from '../../../operator/metrics/environment-gauges.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Figures of environments');

const AT = '2026-11-01T00:00:00Z';
const SECONDS = Date.parse(AT) / 1000;

function environment(status: EnvironmentStatus = {}, spec: Partial<EnvironmentSpec> = {}): Environment {
  return {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    metadata: {
      name: 'shop',
      namespace: 'market',
      uid: 'u',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: AT,
    },
    spec: { tier: 'production', release: { image: 'cryptosense-api:1.0.0' }, ...spec },
    status,
  };
}

const candidate = (more: Partial<NonNullable<EnvironmentStatus['candidate']>> = {}) => ({
  candidate: {
    revision: 'b',
    image: 'x:2',
    number: 2,
    step: 0,
    steps: 2,
    startedAt: AT,
    weight: 10,
    replicas: 1,
    readyReplicas: 1,
    ...more,
  },
});

interface Sources {
  environments?: Environment[];
  backups?: object[];
  restores?: object[];
}

/** The page of an operator that sees these. */
async function page({ environments = [], backups = [], restores = [] }: Sources): Promise<string> {
  const registry = new Registry();
  environmentGauges(registry, {
    environments: () => environments,
    backups: () => backups,
    restores: () => restores,
  });
  return registry.metrics();
}

const line = (text: string, name: string) => text.split('\n').filter((each) => each.startsWith(`${name}{`));

const backup = (type: string | undefined, completedAt: string, verified: string) => ({
  spec: { environment: 'shop', ...(type === undefined ? {} : { type }) },
  status: {
    completedAt,
    conditions: [
      { type: 'Completed', status: 'True' },
      { type: 'Verified', status: verified },
    ],
  },
});

test('conditions are 1, 0 and -1, and only those that somebody asks for', async () => {
  const conditions = (
    [
      ['Ready', 'True'],
      ['Stalled', 'False'],
      ['CacheReady', 'Unknown'],
      ['AllFieldsInEffect', 'True'],
    ] as const
  ).map(([type, status]) => ({ type, status, lastTransitionTime: AT, reason: 'R', message: 'm' }));
  const text = await page({ environments: [environment({ conditions })] });
  equal(line(text, 'cryptosense_environment_condition'), [
    'cryptosense_environment_condition{namespace="market",environment="shop",type="Ready"} 1',
    'cryptosense_environment_condition{namespace="market",environment="shop",type="Stalled"} 0',
    'cryptosense_environment_condition{namespace="market",environment="shop",type="CacheReady"} -1',
  ]);
});

test('an environment that is gone is gone from the page', async () => {
  const registry = new Registry();
  let all = [environment()];
  environmentGauges(registry, { environments: () => all, backups: () => [], restores: () => [] });
  match(await registry.metrics(), /cryptosense_environment_info\{.*tier="production"/);
  all = [];
  ok(!(await registry.metrics()).includes('market'));
});

test('the phase of a release is one of five, with its beginning', () => {
  equal(phaseOf({ deployingSince: AT }), { phase: 'deploying', since: Date.parse(AT) });
  const stable = { revision: 'a', image: 'x:1', number: 1, since: AT };
  equal(phaseOf({ stable }), { phase: 'stable', since: Date.parse(AT) });
  is(phaseOf({ stable, ...candidate() }).phase, 'releasing');
  is(phaseOf({ stable, ...candidate({ waitingSince: AT }) }).phase, 'waiting');
  is(phaseOf({ stable, ...candidate({ gate: { since: AT, message: 'm' } }) }).phase, 'waiting');
  is(phaseOf({ stable, ...candidate({ frozen: { at: AT, reason: 'R', message: 'm' } }) }).phase, 'frozen');
});

test('a candidate that somebody holds is not waiting', async () => {
  const held = environment(candidate({ waitingSince: AT, heldSince: AT }));
  equal(
    line(await page({ environments: [held] }), 'cryptosense_release_waiting_since_timestamp_seconds'),
    [],
  );
  const waits = environment(candidate({ waitingSince: AT }));
  equal(line(await page({ environments: [waits] }), 'cryptosense_release_waiting_since_timestamp_seconds'), [
    `cryptosense_release_waiting_since_timestamp_seconds{namespace="market",environment="shop"} ${SECONDS}`,
  ]);
});

test('of backups the newest counts that is complete, and the newest that is verified', async () => {
  const backups = [
    backup(undefined, '2026-11-02T00:00:00Z', 'True'),
    backup('full', '2026-11-03T00:00:00Z', 'False'),
    backup('dump', '2026-11-04T00:00:00Z', 'Unknown'),
    { spec: { type: 'full' }, status: { conditions: [{ type: 'Completed', status: 'False' }] } },
    { spec: {} },
  ];
  const text = await page({ environments: [environment()], backups });
  const moment = (name: string, type: string) =>
    Number(
      line(text, name)
        .find((each) => each.includes(`type="${type}"`))
        ?.split(' ')[1],
    ) * 1000;
  is(moment('cryptosense_backup_completed_timestamp_seconds', 'full'), Date.parse('2026-11-03T00:00:00Z'));
  is(moment('cryptosense_backup_completed_timestamp_seconds', 'dump'), Date.parse('2026-11-04T00:00:00Z'));
  is(moment('cryptosense_backup_verified_timestamp_seconds', 'full'), Date.parse('2026-11-02T00:00:00Z'));
  is(line(text, 'cryptosense_backup_verified_timestamp_seconds').length, 1);
});

test('a drill counts when it ended well, a restore in place is none', async () => {
  const done = { conditions: [{ type: 'Completed', status: 'True' }], completedAt: AT };
  const text = await page({
    environments: [environment()],
    restores: [
      { spec: { mode: 'drill' }, status: done },
      { spec: { mode: 'inPlace' }, status: { ...done, completedAt: '2026-12-01T00:00:00Z' } },
    ],
  });
  match(text, new RegExp(`cryptosense_drill_completed_timestamp_seconds\\{.*\\} ${SECONDS}\\n`));
});

test('what one pod asks for is in cores', async () => {
  const text = await page({ environments: [environment()] });
  match(text, /cryptosense_api_cpu_request_cores\{.*\} 0\.5\n/);
});

test('every figure that an alert goes by is one that the operator has', () => {
  const known = new Set(ENVIRONMENT_METRICS.map(({ name }) => name));
  const asked = allAlerts().flatMap(({ alert }) =>
    [
      ...alert
        .expr(scopeOf())
        .matchAll(/\b(cryptosense_(?:environment|component|release|backup|drill|api)_\w+)/g),
    ].map(([, name = '']) => name),
  );
  ok(asked.length > 10);
  for (const name of asked) ok(known.has(name), name);
});

test('a thousand environments have at most 40 series each', async () => {
  const conditions = ['Ready', 'Stalled'].map((type) => ({
    type,
    status: 'True' as const,
    lastTransitionTime: AT,
    reason: 'R',
    message: 'm',
  }));
  const components = ['database', 'pooler', 'cache', 'predictor'].map((name) => ({
    name,
    pods: 1,
    readyPods: 1,
  }));
  const environments = Array.from({ length: 1_000 }, (_, i) => {
    const one = environment({ conditions, components, ...candidate() });
    return { ...one, metadata: { ...one.metadata, name: `shop-${i}` } };
  });
  const started = performance.now();
  const text = await page({ environments, backups: [backup('full', AT, 'True')] });
  console.log(`note: a page about 1000 environments takes ${Math.round(performance.now() - started)} ms`);
  ok(text.split('\n').filter((each) => each.startsWith('cryptosense_')).length <= 40_000);
});

test.run();
