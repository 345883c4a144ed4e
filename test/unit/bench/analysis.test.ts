import * as assert from 'uvu/assert';
import { evidenceAfter, SIGNIFICANT } from '../../../operator/rollout/analysis/evidence.ts';
import { binomial, seeded } from '../../bench/analysis/binomial.ts';
import { SCENARIOS } from '../../bench/analysis/scenarios.ts';
import { simulate } from '../../bench/analysis/simulate.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('the comparison with the stable release');
const RELEASES = 100;
const scores = new Map(SCENARIOS.map((one, i) => [one.name, simulate(one, RELEASES, seeded(i + 1))]));

for (const { name, isGood } of SCENARIOS)
  test(`N3 ${isGood ? 'rolls back at most one in a hundred good releases' : 'finds a bad release'}: ${name}`, () => {
    const { comparison } = scores.get(name) ?? {};
    assert.ok(comparison);
    if (isGood) assert.ok(comparison.rolledBack <= 0.03, `${comparison.rolledBack} were rolled back`);
    else assert.ok(comparison.rolledBack >= 0.9, `${comparison.rolledBack} were found`);
  });

test('the plain threshold of the peers is wrong where the comparison is not', () => {
  const both = scores.get('both answer 4.5 % with errors')?.thresholdOfEachLook.rolledBack ?? 0;
  assert.ok(both > 0.9, `it rolled back ${both} of the good ones`);
});

test('N3 looking as often as one likes does not make the alarms of good releases more', () => {
  const random = seeded(7);
  let alarms = 0;
  for (let release = 0; release < 300; release++) {
    let known = { requests: 0, bad: 0, stableRequests: 0, stableBad: 0, evidence: 0 };
    let isAlarm = false;
    for (let look = 0; look < 400 && !isAlarm; look++) {
      // The border of what is tolerated: nothing that is allowed is harder to tell from what is not.
      const candidate = { requests: 20, bad: binomial(20, 0.03, random) };
      const stable = { requests: 180, bad: binomial(180, 0.02, random) };
      const evidence = evidenceAfter(known, { candidate, stable }, 0.01);
      known = {
        requests: known.requests + 20,
        bad: known.bad + candidate.bad,
        stableRequests: known.stableRequests + 180,
        stableBad: known.stableBad + stable.bad,
        evidence,
      };
      isAlarm = evidence >= SIGNIFICANT;
    }
    if (isAlarm) alarms += 1;
  }
  // 1 % is promised; of 300 that is at most 8 with 99 % certainty.
  assert.ok(alarms <= 8, `${alarms} of 300`);
});

test('a look without requests of one of them says nothing', () => {
  const known = { requests: 100, bad: 5, stableRequests: 100, stableBad: 0, evidence: 1.5 };
  const none = { requests: 0, bad: 0 };
  const some = { requests: 100, bad: 50 };
  assert.is(evidenceAfter(known, { candidate: some, stable: none }, 0.01), 1.5);
  assert.is(evidenceAfter(known, { candidate: none, stable: some }, 0.01), 1.5);
});

test.run();
