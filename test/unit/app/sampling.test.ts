import * as assert from 'uvu/assert';
import { createSampling } from '../../../app/telemetry/sampling.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('the sample of requests in the log');

/** How many of `count` requests, evenly over the second that begins at `second`, were drawn with which share. */
function drawn(
  sampling: ReturnType<typeof createSampling>,
  second: number,
  count: number,
): (number | undefined)[] {
  const moments = Array.from({ length: count }, (_, index) => 1_000 * (second + index / count));
  return moments.map((now) => sampling.draw(now));
}

/** Each value once in `steps` calls, evenly between 0 and 1. */
function evenly(steps: number): () => number {
  let step = 0;
  return () => (step++ % steps) / steps;
}

test('the share that was asked for while few come', () => {
  const sampling = createSampling(0.05, 50, evenly(20));
  for (const second of [0, 1, 2]) {
    const some = drawn(sampling, second, 1_000).filter((share) => share !== undefined);
    assert.equal(some, Array(50).fill(0.05));
  }
});

test('a smaller share from the second after many have come, and the old one after a quiet second', () => {
  const sampling = createSampling(0.05, 50, evenly(1_000));
  drawn(sampling, 0, 10_000);
  const busy = drawn(sampling, 1, 10_000).filter((share) => share !== undefined);
  assert.equal(busy, Array(50).fill(0.005));
  drawn(sampling, 2, 100);
  assert.equal(
    drawn(sampling, 3, 1_000).filter((share) => share !== undefined),
    Array(50).fill(0.05),
  );
});

test('the old share at once after a pause', () => {
  const sampling = createSampling(0.05, 50, () => 0);
  drawn(sampling, 0, 10_000);
  assert.equal(sampling.draw(1_000), 0.005);
  assert.equal(sampling.draw(61_000), 0.05);
});

test('what was drawn, each divided by its share, is about what came', () => {
  let step = 0;
  // Evenly between 0 and 1 however few of them are looked at.
  const sampling = createSampling(0.05, 50, () => (step++ * 0.6180339887498949) % 1);
  let came = 0;
  let sum = 0;
  for (const [second, count] of [400, 9_000, 70_000, 70_000, 3_000, 20].entries()) {
    came += count;
    for (const share of drawn(sampling, second, count)) sum += share === undefined ? 0 : 1 / share;
  }
  assert.ok(Math.abs(sum / came - 1) < 0.02, `${sum} of ${came}`);
});

test('a share of one draws everything, and a share of none nothing', () => {
  const all = createSampling(1, 50);
  drawn(all, 0, 1_000);
  assert.equal(drawn(all, 1, 1_000), Array(1_000).fill(1));
  const none = createSampling(0, 50, () => 0);
  assert.equal(drawn(none, 0, 10), Array(10).fill(undefined));
});

test.run();
