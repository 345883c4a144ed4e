import { equal, is, match, ok } from 'uvu/assert';
import { costLines } from '../../../cli/commands/cost.ts';
import { primaryOf } from '../../../cli/commands/psql.ts';
import { estimateOf } from '../../../cli/cost/estimate.ts';
import { endOfRecord, recordLines, recordName, recordOf } from '../../../cli/data/records.ts';
import { plain } from '../../../cli/terminal/terminal.ts';
import { effectiveSpec } from '../../../operator/api/effective-spec.ts';
import { STEPS } from '../../../operator/restore/view.ts';
import { suite } from '../../harness/suite.ts';
import { ago, condition, NOW, object, pod, READY_POD } from './fixtures.ts';

const test = suite('Data and costs');

const backup = (status: object, spec: object = { environment: 'shop' }) =>
  recordOf(object('CryptoSenseBackup', 'b', { spec, status }));

test('a backup waits, runs, is complete, is verified or has failed, and only then it is over', () => {
  const of = (status: object) => {
    const record = backup(status);
    return [record.state, endOfRecord(record)];
  };
  equal(of({}), ['waits', undefined]);
  equal(of({ startedAt: ago(1) }), ['runs', undefined]);
  equal(of({ startedAt: ago(1), conditions: [condition('Completed', 'False', 'It runs.', 'Running')] }), [
    'runs',
    undefined,
  ]);
  equal(of({ conditions: [condition('Completed', 'False', 'no bucket', 'NoBucket')] }), ['failed', 1]);
  equal(of({ completedAt: ago(1), conditions: [condition('Completed', 'True')] }), ['complete', 0]);
  equal(of({ completedAt: ago(2), verifiedAt: ago(1), conditions: [condition('Completed', 'True')] }), [
    'verified',
    0,
  ]);
  for (const step of ['NoEnvironment', ...STEPS])
    equal(of({ startedAt: ago(1), conditions: [condition('Completed', 'False', '', step)] }), [
      'runs',
      undefined,
    ]);
  const restore = object('CryptoSenseRestore', 'r', {
    spec: { mode: 'inPlace' },
    status: {
      conditions: [condition('Completed', 'False', 'x', 'Restoring'), condition('Failed', 'True', 'gone')],
    },
  });
  equal(
    [recordOf(restore).type, recordOf(restore).state, recordOf(restore).message],
    ['inPlace', 'failed', 'gone'],
  );
});

test('the newest is first, with its size and, when it failed, why', () => {
  const lines = recordLines(
    [
      { ...backup({ completedAt: ago(60), sizeBytes: 3 * 2 ** 30 }), name: 'old' },
      {
        ...backup({
          startedAt: ago(1),
          conditions: [condition('Completed', 'False', 'no bucket', 'NoBucket')],
        }),
        name: 'new',
      },
    ],
    plain,
    NOW,
  );
  match(lines[1] ?? '', /^new +full +failed +1m ago +no bucket$/);
  match(lines[2] ?? '', /^old +full +complete +1h ago +3\.0 GiB$/);
  is(recordName('shop', NOW), 'shop-20261120-120000');
});

test('psql goes to the ready pod that is the primary', () => {
  const database = (name: string, role?: string, status: object = READY_POD) =>
    pod(name, role ? { 'cryptosense.io/role': role } : {}, status);
  is(primaryOf([database('a', 'replica'), database('b', 'primary')])?.metadata.name, 'b');
  is(primaryOf([database('a')])?.metadata.name, 'a');
  is(primaryOf([database('a', 'primary', { phase: 'Pending' })]), undefined);
});

const spec = (tier: 'local' | 'production', more: object = {}) =>
  effectiveSpec({ tier, release: { image: 'api:1' }, ...more });

test('production of the guide’s size costs what the guide says of it, and the parts are the sum', () => {
  const estimate = estimateOf(
    spec('production', {
      autoscaling: { maxReplicas: 4 },
      database: { resources: { cpu: '2', memory: '4Gi' } },
    }),
  );
  const of = (part: string) => estimate.items.find((item) => item.part === part)?.cost;
  equal(of('api'), { low: 100, high: 200 });
  equal(of('database'), { low: 60, high: 120 });
  equal(of('cache'), { low: 50, high: 100 });
  equal(estimate.phaseCost, { low: 330, high: 660 });
  const sum = estimate.items.reduce((total, { cost }) => total + cost.low, 0);
  ok(Math.abs(sum - estimate.total.low) < 1e-9);
  match(
    costLines('shop', estimate, plain).join('\n'),
    /in all +\$3\d\d-6\d\d\n[\s\S]*Growth: \$330-660[\s\S]*Taken for granted/,
  );
});

test('quiet hours and own prices change the figures as arithmetic has it', () => {
  const quietHours = { start: '22:00', end: '04:00', minReplicas: 2 };
  const quiet = estimateOf(spec('production', { autoscaling: { minReplicas: 4, quietHours } }));
  equal(quiet.items[0]?.cost.low, 3.5 * 50);
  const own = estimateOf(
    spec('local', { autoscaling: { minReplicas: 2, maxReplicas: 2 }, predictor: { enabled: false } }),
    { cpu: 10, memory: 4, storage: 1 },
  );
  equal(
    own.items.map(({ part, cost }) => [part, cost.low]),
    [
      ['api', 2 * (0.05 * 10 + (192 / 1024) * 4)],
      ['database', 0.1 * 10 + 1 + 1],
      ['cache', 0.025 * 10 + 0.25 + 0.25],
      ['pooler', 0.025 * 10 + 0.125],
    ],
  );
  match(own.assumptions.join(), /\$10 a CPU and \$4 a GiB/);
});

test.run();
