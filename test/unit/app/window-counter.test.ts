import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { WindowCounter } from '../../../app/http/limits/window-counter.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('window counter');

/** Replicas and what they add up their counts in, as Redis does. */
class Replicas {
  readonly counters: WindowCounter[];
  readonly #totals = new Map<string, number>();

  constructor(count: number) {
    this.counters = Array.from({ length: count }, () => new WindowCounter());
  }

  exchange(replica: number, now: number): void {
    const { window, increments } = this.counters[replica]?.drain(now) ?? { window: 0, increments: [] };
    for (const [client, count] of increments) {
      const key = `${client} ${window}`;
      const total = (this.#totals.get(key) ?? 0) + count;
      this.#totals.set(key, total);
      this.counters[replica]?.learn(window, client, total);
    }
  }
}

const step = fc.record({
  replica: fc.nat({ max: 2 }),
  client: fc.constantFrom('a', 'b'),
  exchange: fc.boolean(),
  waitMs: fc.nat({ max: 4_000 }),
});

test('one replica never allows more than the quota in a window, and refuses nobody before it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 1, max: 30 }), (steps, quota) => {
      const counter = new WindowCounter();
      const allowed = new Map<string, number>();
      let now = 0;
      for (const { client, waitMs } of steps) {
        now += waitMs;
        const key = `${client} ${Math.floor(now / 60_000)}`;
        const before = allowed.get(key) ?? 0;
        const verdict = counter.take(client, quota, now);
        assert.is(verdict.allowed, before < quota);
        assert.ok(verdict.resetS >= 1 && verdict.resetS <= 60);
        if (!verdict.allowed) continue;
        assert.is(verdict.remaining, quota - before - 1);
        allowed.set(key, before + 1);
      }
    }),
  );
});

test('with an exchange after every request all replicas together keep the quota as one does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (steps, quota) => {
      const replicas = new Replicas(3);
      const allowed = new Map<string, number>();
      let now = 0;
      for (const { replica, client, waitMs } of steps) {
        now += waitMs;
        if (!replicas.counters[replica]?.take(client, quota, now).allowed) continue;
        replicas.exchange(replica, now);
        const key = `${client} ${Math.floor(now / 60_000)}`;
        allowed.set(key, (allowed.get(key) ?? 0) + 1);
      }
      // Each replica may let one request through before it hears of the others.
      for (const count of allowed.values()) assert.ok(count <= quota + 2, `${count} of ${quota}`);
    }),
  );
});

test('without an exchange each replica still keeps the quota by itself', () => {
  const replicas = new Replicas(2);
  for (const counter of replicas.counters) {
    for (let request = 0; request < 5; request++) assert.is(counter.take('a', 5, 1_000).allowed, true);
    assert.is(counter.take('a', 5, 1_000).allowed, false);
  }
});

test('more clients than memory is meant for are let through and not counted', () => {
  const counter = new WindowCounter();
  for (let client = 0; client < 50_000; client++) counter.take(`c${client}`, 1, 0);
  assert.is(counter.take('c0', 1, 0).allowed, false);
  for (let again = 0; again < 3; again++) assert.is(counter.take('one more', 1, 0).allowed, true);
});

test.run();
