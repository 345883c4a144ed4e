import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { LONGEST_RETRY_MS, WorkQueue } from '../../../operator/kube/queue.ts';
import { suite } from '../../harness/suite.ts';
import { FakeClock } from './fake-clock.ts';

const test = suite('work queue');

function make() {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, metrics: createMetrics() }) };
}

/** The key that can be had now, or undefined: a `get` that would wait is not made. */
async function take(queue: WorkQueue): Promise<string | undefined> {
  return queue.depth === 0 ? undefined : queue.get();
}

test('a key added many times is handed out once', async () => {
  const { queue } = make();
  for (let i = 0; i < 3; i++) queue.add('a');
  assert.is(await take(queue), 'a');
  assert.is(queue.depth, 0);
});

test('the earliest of the times asked for wins', async () => {
  const { clock, queue } = make();
  queue.add('a', 1_000);
  queue.add('a', 100);
  queue.add('a', 500);
  clock.advance(99);
  assert.is(queue.depth, 0);
  clock.advance(1);
  assert.is(await take(queue), 'a');
  queue.done('a');
  clock.advance(10_000);
  assert.is(queue.depth, 0, 'the later times were dropped');
});

test('a key added while it is worked on comes again after done, not before', async () => {
  const { queue } = make();
  queue.add('a');
  await take(queue);
  queue.add('a');
  assert.is(queue.depth, 0);
  queue.done('a');
  assert.is(await take(queue), 'a');
});

test('a key rests after it was worked on, and one that was left alone does not wait', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, restMs: 40, metrics: createMetrics() });
  queue.add('a');
  assert.is(await take(queue), 'a');
  queue.add('a');
  queue.done('a');
  clock.advance(10);
  queue.add('a');
  queue.add('b');
  assert.is(await take(queue), 'b', 'another key is not held up');
  clock.advance(29);
  assert.is(queue.depth, 0);
  clock.advance(1);
  assert.is(await take(queue), 'a', 'what came before and after done is one piece of work');
  queue.done('a');
  clock.advance(40);
  queue.add('a');
  assert.is(await take(queue), 'a');
});

test('failures double the wait up to the cap, and forget starts again', async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, firstRetryMs: 5, lastRetryMs: 1_000_000, metrics: createMetrics() });
  const waits: number[] = [];
  const failOnce = async () => {
    const start = clock.now();
    queue.retry('a');
    clock.advance((clock.nextAt ?? start) - start);
    waits.push(clock.now() - start);
    await take(queue);
    queue.done('a');
  };
  for (let i = 0; i < 20; i++) await failOnce();
  assert.equal(waits.slice(0, 4), [5, 10, 20, 40]);
  assert.is(waits[19], 1_000_000);
  queue.forget('a');
  await failOnce();
  assert.is(waits.at(-1), 5);
});

test('a key that goes on failing is tried more than ten times in any 15 minutes, as the alert OperatorErrors counts', async () => {
  const { queue, clock } = make();
  const failures: number[] = [];
  queue.add('a');
  while (clock.now() < 3_600_000) {
    await take(queue);
    failures.push(clock.now());
    queue.retry('a');
    queue.done('a');
    clock.advance((clock.nextAt ?? clock.now()) - clock.now());
  }
  for (let end = 900_000; end <= 3_600_000; end += 10_000) {
    const within = failures.filter((at) => at > end - 900_000 && at <= end);
    assert.ok(within.length > 10, `${within.length} failures in the 15 minutes before ${end / 1000} s`);
  }
});

test('a waiting get is served by the next key and by shutdown with undefined', async () => {
  const { queue } = make();
  const first = queue.get();
  const second = queue.get();
  queue.add('a');
  assert.is(await first, 'a');
  queue.shutdown();
  assert.is(await second, undefined);
  queue.add('b');
  assert.is(await queue.get(), undefined);
});

test('keys are handed out in the order in which they became ready', async () => {
  const { clock, queue } = make();
  const keys = Array.from({ length: 1_000 }, (_, i) => `key-${i}`);
  queue.add('late', 10);
  for (const key of keys) queue.add(key);
  clock.advance(10);
  const order: (string | undefined)[] = [];
  while (queue.depth > 0) order.push(await take(queue));
  assert.equal(order, [...keys, 'late']);
});

const KEYS = ['a', 'b', 'c'];
const step = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    key: fc.constantFrom(...KEYS),
    delay: fc.constantFrom(0, 0, 1, 5, 50),
  }),
  fc.record({
    do: fc.constantFrom('take' as const, 'done' as const, 'retry' as const),
    key: fc.constantFrom(...KEYS),
  }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20) }),
);

test('in every history no key is worked on twice at once, none is early, late or lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (history) => {
      const { clock, queue } = make();
      const working = new Set<string>();
      // When each key was asked for and not yet handed out: the model.
      const wanted = new Map<string, number>();
      const failures = new Map<string, number>();
      const want = (key: string, at: number) => wanted.set(key, Math.min(at, wanted.get(key) ?? at));
      const takeOne = async () => {
        const key = await take(queue);
        if (key === undefined) return false;
        assert.not(working.has(key), `${key} is worked on already`);
        assert.ok((wanted.get(key) ?? Number.POSITIVE_INFINITY) <= clock.now(), `${key} is early`);
        wanted.delete(key);
        working.add(key);
        return true;
      };
      for (const event of history) {
        if (event.do === 'add') {
          queue.add(event.key, event.delay);
          want(event.key, clock.now() + event.delay);
        } else if (event.do === 'pass') clock.advance(event.ms);
        else if (event.do === 'take') await takeOne();
        else if (working.delete(event.key)) {
          if (event.do === 'retry') {
            const before = failures.get(event.key) ?? 0;
            failures.set(event.key, before + 1);
            queue.retry(event.key);
            want(event.key, clock.now() + Math.min(LONGEST_RETRY_MS, 5 * 2 ** before));
          }
          queue.done(event.key);
        }
        for (const [key, at] of wanted) {
          const isDue = at <= clock.now() && !working.has(key);
          if (isDue) assert.ok(queue.depth > 0, `${key} is late`);
        }
      }
      for (const key of working) queue.done(key);
      working.clear();
      clock.advance(10_000_000);
      while (await takeOne());
      assert.is(wanted.size, 0, 'a key was lost');
    }),
    { numRuns: 500 },
  );
});

test.run();
