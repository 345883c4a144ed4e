import * as assert from 'uvu/assert';
import { type Feed, FeedUnavailable } from '../../../app/feed/feed.ts';
import { guarded } from '../../../app/feed/guarded.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('guarded feed');
const REST_MS = 50;

/** A feed that fails as long as it is told to, and counts how often it is asked. */
function brittle(): { feed: Feed; state: { asked: number; fails: boolean } } {
  const state = { asked: 0, fails: true };
  const feed: Feed = {
    name: 'coingecko',
    quotes: async () => {
      state.asked += 1;
      if (state.fails) throw new FeedUnavailable('down', { retryAfterMs: 7 });
      return [];
    },
  };
  return { feed: guarded(feed, REST_MS), state };
}

const failureOf = (feed: Feed) =>
  feed.quotes(new Date(), new AbortController().signal).then(
    () => undefined,
    (error: unknown) => error as FeedUnavailable,
  );

test('five failures in a row, each as it is, and then it is left alone until a single try succeeds', async () => {
  const { feed, state } = brittle();
  for (let failure = 0; failure < 5; failure++) assert.is((await failureOf(feed))?.retryAfterMs, 7);
  for (let again = 0; again < 20; again++)
    assert.match((await failureOf(feed))?.message ?? '', 'is left alone');
  assert.is(state.asked, 5);
  const rested = performance.now() + REST_MS;
  while (performance.now() <= rested) await new Promise((resolve) => setImmediate(resolve));
  assert.is((await failureOf(feed))?.message, 'down');
  assert.match((await failureOf(feed))?.message ?? '', 'is left alone');
  assert.is(state.asked, 6);
  const restedAgain = performance.now() + REST_MS;
  while (performance.now() <= restedAgain) await new Promise((resolve) => setImmediate(resolve));
  state.fails = false;
  assert.is(await failureOf(feed), undefined);
  assert.is(await failureOf(feed), undefined);
  assert.is(state.asked, 8);
});

test.run();
