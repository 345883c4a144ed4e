import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  lastSlot,
  missedSlots,
  nextSlot,
  STARTING_DEADLINE_SECONDS,
  slotName,
  slotOfJob,
} from '../../../operator/backup/schedule.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Slots of the backup schedule');

const DAILY = '0 2 * * *';
const at = (text: string) => Date.parse(text);
const shop = { environment: 'shop', schedule: DAILY };

test('a slot has one name, however often it is tried', () => {
  assert.is(slotName('shop', 'full', at('2026-11-23T02:00:00Z')), 'shop-full-20261123-0200');
  assert.is(slotName('shop', 'dump', at('2026-11-23T02:00:41.5Z')), 'shop-dump-20261123-0200');
});

test('the slot is read from the name that Kubernetes gives the Job of a CronJob, and from no other', () => {
  const minutes = at('2026-11-23T02:00:00Z') / 60_000;
  assert.is(slotOfJob('shop-backup', `shop-backup-${minutes}`), at('2026-11-23T02:00:00Z'));
  for (const job of [
    'shop-backup-by-hand',
    'shop-backup',
    'other-backup-29733480',
    `shop-backup-${minutes}-x`,
  ])
    assert.is(slotOfJob('shop-backup', job), undefined, job);
});

test('a slot at this very moment is the last one, and the next one is later', () => {
  const now = at('2026-11-23T02:00:00Z');
  assert.is(lastSlot(DAILY, now), now);
  assert.is(nextSlot(DAILY, now), now + 86_400_000);
  assert.is(lastSlot(DAILY, now - 1000), now - 86_400_000);
});

test('the forms of schedule that the resource takes are understood', () => {
  for (const schedule of ['30 1 * * *', '0 4 * * Mon', '*/15 0-6/2 1,15 Jan-Mar 7', '5 3 * * 0'])
    assert.type(nextSlot(schedule, at('2026-11-23T00:00:00Z')), 'number', schedule);
  assert.is(nextSlot('0 0 30 Feb *', at('2026-11-23T00:00:00Z')), undefined);
});

test('slots without a backup are missed, each once, and not before their deadline', () => {
  const since = at('2026-11-19T00:00:00Z');
  const taken = new Set(['shop-full-20261119-0200', 'shop-full-20261121-0200']);
  const late = at('2026-11-22T02:00:00Z') + STARTING_DEADLINE_SECONDS * 1000;
  assert.equal(missedSlots(shop, taken, { since, now: late - 1000 }), [at('2026-11-20T02:00:00Z')]);
  const both = [at('2026-11-20T02:00:00Z'), at('2026-11-22T02:00:00Z')];
  assert.equal(missedSlots(shop, taken, { since, now: late }), both);
});

test('what lies before the environment was made is not missed, and months away are ten slots at most', () => {
  const now = at('2026-11-23T12:00:00Z');
  assert.equal(missedSlots(shop, new Set(), { since: at('2026-11-23T02:00:00Z'), now }), []);
  assert.is(missedSlots(shop, new Set(), { since: at('2026-01-01T00:00:00Z'), now }).length, 10);
});

test('no slot is both missed and taken, and none of the future is missed', () => {
  const days = fc.uniqueArray(fc.integer({ min: 0, max: 30 }));
  fc.assert(
    fc.property(days, fc.integer({ min: 0, max: 31 * 24 * 60 }), (taken, minutes) => {
      const first = at('2026-10-01T02:00:00Z');
      const names = new Set(taken.map((day) => slotName('shop', 'full', first + day * 86_400_000)));
      const now = first + minutes * 60_000;
      for (const slot of missedSlots(shop, names, { since: first - 1, now })) {
        assert.not(names.has(slotName('shop', 'full', slot)));
        assert.ok(slot + STARTING_DEADLINE_SECONDS * 1000 <= now);
      }
    }),
  );
});

test.run();
