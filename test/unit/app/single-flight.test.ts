import * as assert from 'uvu/assert';
import { singleFlight } from '../../../app/single-flight.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('single flight');

test('a hundred calls at once are one piece of work', async () => {
  const flight = singleFlight<number>();
  let started = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  const work = () => {
    started += 1;
    return promise;
  };
  const calls = Array.from({ length: 100 }, () => flight('BTC', work));
  resolve(42);
  assert.equal(
    await Promise.all(calls),
    Array.from({ length: 100 }, () => 42),
  );
  assert.is(started, 1);
});

test('another key is another piece of work', async () => {
  const flight = singleFlight<string>();
  const values = await Promise.all(['BTC', 'ETH'].map((key) => flight(key, async () => key)));
  assert.equal(values, ['BTC', 'ETH']);
});

test('a failure reaches all who wait and is not kept', async () => {
  const flight = singleFlight<number>();
  const failing = async () => {
    throw new Error('away');
  };
  const outcomes = await Promise.allSettled([flight('BTC', failing), flight('BTC', failing)]);
  assert.equal(
    outcomes.map((outcome) => outcome.status),
    ['rejected', 'rejected'],
  );
  assert.is(await flight('BTC', async () => 7), 7);
});

test.run();
