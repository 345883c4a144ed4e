import { getEventListeners } from 'node:events';
import * as assert from 'uvu/assert';
import { rest } from '../../../app/feed/rest.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('The rest between two looks of a feed');

test('it leaves no listener behind, however often it is taken', async () => {
  const { signal } = new AbortController();
  for (let i = 0; i < 20; i++) await rest(0, signal);
  assert.is(getEventListeners(signal, 'abort').length, 0);
});

test('it ends at once, and without an error, when it is aborted', async () => {
  const stop = new AbortController();
  const resting = rest(3_600_000, stop.signal);
  stop.abort();
  await resting;
  await rest(3_600_000, stop.signal);
});

test.run();
