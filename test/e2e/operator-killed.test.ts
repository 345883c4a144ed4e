import * as assert from 'uvu/assert';
import { Load } from '../../local/demo/load.ts';
import { isSettled } from '../../local/demo/watch.ts';
import type { Environment } from '../../operator/api/resolved.ts';
import { suite } from '../harness/suite.ts';
import { gatewayUrl, kubectl, OPERATOR, TestEnvironment } from './cluster.ts';

const test = suite('operator killed');
const environment = new TestEnvironment('killed');
const { watch, host } = environment;
let load: Load;

test.before(async () => {
  await environment.create();
  await watch.until('Ready', isSettled, 240_000);
  load = new Load(gatewayUrl, { paths: ['/api/prices/BTC'], perSecond: 50, connections: 4, host });
});

test.after(async () => {
  await load?.stop();
  await environment.remove();
});

async function killOperator(): Promise<void> {
  await kubectl([
    ...OPERATOR,
    'delete',
    'pods',
    '-l',
    'app.kubernetes.io/name=cryptosense-operator',
    '--force',
    '--grace-period=0',
  ]);
}

/** Moments of a canary, in its order. */
const moments: { name: string; reached: (e: Environment) => boolean }[] = [
  { name: 'when the candidate is admitted', reached: (e) => e.status?.candidate !== undefined },
  { name: 'when its first pod is ready', reached: (e) => (e.status?.candidate?.readyReplicas ?? 0) > 0 },
  { name: 'when 10 % is confirmed', reached: (e) => e.status?.candidate?.weight === 10 },
  { name: 'when it was measured', reached: (e) => (e.status?.candidate?.measurements?.length ?? 0) > 0 },
  { name: 'when the last step began', reached: (e) => e.status?.candidate?.step === 2 },
];

for (const [i, moment] of moments.entries()) {
  test(`A4 killed ${moment.name}, the release is promoted all the same and no request fails`, async () => {
    const image = i % 2 === 0 ? 'cryptosense-api:1.1.0' : 'cryptosense-api:1.0.0';
    const before = load.counters;
    // A release of its own each time: one that served not long ago would be returned to at once.
    await environment.release(image, { ROUND: String(i) });
    await watch.until(moment.name, moment.reached, 120_000);
    await killOperator();
    const ended = await watch.until(
      'promotion',
      (e) => e.status?.stable?.image === image && isSettled(e),
      180_000,
    );
    assert.is(ended.status?.candidate, undefined);
    assert.is(ended.status?.rejected, undefined);
    assert.equal(load.since(before).failures, {});
  });
}

test('A4 killed while a bad release is judged, it is rolled back all the same', async () => {
  const stable = watch.current?.status?.stable?.image;
  await environment.release('cryptosense-api:1.2.0-faulty');
  await watch.until('10 %', (e) => e.status?.candidate?.weight === 10, 120_000);
  await killOperator();
  const ended = await watch.until(
    'rollback',
    (e) => e.status?.rejected !== undefined && isSettled(e),
    180_000,
  );
  assert.is(ended.status?.stable?.image, stable);
});

test.run();
