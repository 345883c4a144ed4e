import * as assert from 'uvu/assert';
import { FairGate } from '../../../operator/kube/fair-gate.ts';
import { suite } from '../../harness/suite.ts';
import { SeededRandom } from '../../integration/seeded-random.ts';

const test = suite('fair gate');
const never = new AbortController().signal;

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Asks for seats of one flow; says which of them were given, and gives the first of them back. */
function asking(gate: FairGate, flow: string, count: number, entered: string[], signal = never) {
  const seats: (() => void)[] = [];
  for (let i = 0; i < count; i++) {
    gate.enter(flow, signal).then(
      (leave) => {
        entered.push(flow);
        seats.push(leave);
      },
      () => {},
    );
  }
  return { leave: () => seats.shift()?.(), inside: () => seats.length };
}

test('a flow that asks for everything gets half, and another finds a seat at once', async () => {
  const gate = new FairGate(8);
  const entered: string[] = [];
  const noisy = asking(gate, 'noisy', 500, entered);
  await settle();
  assert.is(noisy.inside(), 4);
  assert.is(gate.waiting, 496);
  asking(gate, 'other', 1, entered);
  await settle();
  assert.is(entered.at(-1), 'other');
});

test('when all seats are taken the flows take turns, however long their lines are', async () => {
  const gate = new FairGate(2);
  const entered: string[] = [];
  const a = asking(gate, 'a', 100, entered);
  const b = asking(gate, 'b', 100, entered);
  const c = asking(gate, 'c', 2, entered);
  await settle();
  assert.equal(entered, ['a', 'b']);
  const flows = { a, b, c };
  // The one that came first leaves first.
  for (let i = 0; i < 7; i++) {
    flows[entered[i] as keyof typeof flows].leave();
    await settle();
  }
  // c has its turn in the first round, though two hundred had asked before it.
  assert.equal(entered.slice(2, 5), ['a', 'b', 'c']);
  assert.ok(entered.filter((flow) => flow === 'a').length >= 3);
  assert.ok(entered.filter((flow) => flow === 'b').length >= 3);
});

test('who gives up leaves the line, and his turn goes to the next', async () => {
  const gate = new FairGate(2);
  const entered: string[] = [];
  const a = asking(gate, 'a', 1, entered);
  const b = asking(gate, 'b', 1, entered);
  const reason = new Error('enough');
  const given = new AbortController();
  const outcome = gate.enter('c', given.signal).then(
    () => 'entered',
    (error: unknown) => error,
  );
  asking(gate, 'd', 1, entered);
  given.abort(reason);
  assert.is(await outcome, reason);
  assert.is(gate.waiting, 1);
  a.leave();
  await settle();
  assert.equal(entered, ['a', 'b', 'd']);
  assert.is(b.inside(), 1);
});

test('in a thousand histories nobody is inside too many, forgotten or let in twice', async () => {
  for (let seed = 1; seed <= 1_000; seed++) {
    const chance = new SeededRandom(seed);
    const seats = chance.between(2, 5);
    const gate = new FairGate(seats);
    const inside: { flow: string; leave: () => void }[] = [];
    let asked = 0;
    let ended = 0;
    for (let step = 0; step < 30; step++) {
      const flow = `flow ${chance.between(1, 3)}`;
      if (chance.happens(0.6)) {
        asked += 1;
        const given = new AbortController();
        gate.enter(flow, given.signal).then(
          (leave) => inside.push({ flow, leave }),
          () => {
            ended += 1;
          },
        );
        if (chance.happens(0.2)) queueMicrotask(() => given.abort());
      } else {
        const [one] = inside.splice(chance.between(0, Math.max(0, inside.length - 1)), 1);
        if (one) {
          ended += 1;
          one.leave();
          one.leave();
        }
      }
      await null;
      assert.ok(inside.length <= seats, `seed ${seed}: ${inside.length} of ${seats} seats`);
    }
    while (asked > ended) {
      await settle();
      const one = inside.shift();
      assert.ok(one, `seed ${seed}: ${asked - ended} wait while all seats are free`);
      ended += 1;
      one?.leave();
    }
    assert.is(gate.waiting, 0, `seed ${seed}`);
  }
});

test.run();
