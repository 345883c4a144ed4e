import * as assert from 'uvu/assert';
import { type Preparation, prepareIntegration } from '../harness/prepare.ts';
import { suite } from '../harness/suite.ts';
import { apiServerAway, FAULTS, type Fault, POD_DELETED } from '../integration/database/faults.ts';
import { DatabaseGroup } from '../integration/database/group.ts';
import { survive } from '../integration/database/survive.ts';
import { CountingWriter } from '../integration/database/writer.ts';
import { SeededRandom } from '../integration/seeded-random.ts';

const test = suite('Twenty faults of the database');
const FAULTS_IN_ALL = 20;
const SEED = Number(process.env.SOAK_SEED || Date.now() % 1_000_000);
const AWAY_MS = 120_000;
const group = new DatabaseGroup({ members: 3, durability: 'strict' });
const gaps = new Map<string, number[]>();
let writer: CountingWriter;
let preparation: Preparation | undefined;

const kinds: [string, Fault][] = [
  ...Object.entries(FAULTS).filter(([, { isAlwaysTheSame }]) => !isAlwaysTheSame),
  ['deletion of the pod by force', POD_DELETED],
];

/** Each kind as often as the others, or once more, in an order that the seed gives. */
function inRandomOrder(): [string, Fault][] {
  const random = new SeededRandom(SEED);
  const all = Array.from({ length: FAULTS_IN_ALL }, (_, i) => kinds[i % kinds.length] as [string, Fault]);
  return all
    .map((kind) => ({ kind, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ kind }) => kind);
}

async function done(name: string, fault: Fault): Promise<void> {
  const gap = await survive(group, writer, name, { ...fault, gapMs: Number.POSITIVE_INFINITY });
  gaps.set(name, [...(gaps.get(name) ?? []), gap]);
  assert.ok(
    gap <= fault.gapMs,
    `${Math.round(gap)} ms without a confirmed write, at most ${fault.gapMs} are right`,
  );
}

test.before(async () => {
  preparation = await prepareIntegration();
  Object.assign(process.env, preparation.env);
  console.log(`note: the order is that of SOAK_SEED=${SEED}`);
  await group.start();
  await group.healthy();
  writer = await CountingWriter.start(await group.login());
});
test.after(async () => {
  await writer?.stop();
  await group.end();
  await preparation?.cleanUp();
  for (const [name, all] of gaps) {
    const [least, most] = [Math.min(...all), Math.max(...all)].map((ms) => (ms / 1000).toFixed(1));
    console.log(`note: ${name}, ${all.length} times: ${least} to ${most} s without a confirmed write`);
  }
});

for (const [i, [name, fault]] of inRandomOrder().entries())
  test(`${i + 1}. ${name}: no confirmed row is lost, and the former primary comes back`, () =>
    done(name, fault));

test('the API server is away for two minutes: writes go on', () =>
  done('two minutes without the API server', apiServerAway(AWAY_MS)));

test.run();
