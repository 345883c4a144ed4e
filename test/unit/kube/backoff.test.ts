import * as assert from 'uvu/assert';
import { Backoff } from '../../../operator/kube/backoff.ts';
import { suite } from '../../harness/suite.ts';
import { FakeClock } from './fake-clock.ts';

const test = suite('backoff');

test('waits double from 0.8 s to 30 s', () => {
  const clock = new FakeClock();
  const backoff = new Backoff({ clock, random: () => 1 });
  const waits = Array.from({ length: 8 }, () => {
    const wait = backoff.next();
    clock.advance(wait);
    return wait;
  });
  assert.equal(waits, [800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});

test('jitter takes at most half of a wait away', () => {
  assert.is(new Backoff({ random: () => 0 }).next(), 400);
});

test('120 s of health after the wait start again from the first step, less do not', () => {
  const clock = new FakeClock();
  const backoff = new Backoff({ clock, random: () => 1 });
  clock.advance(backoff.next());
  clock.advance(119_999);
  assert.is(backoff.next(), 1_600);
  clock.advance(1_600 + 120_000);
  assert.is(backoff.next(), 800);
});

test.run();
