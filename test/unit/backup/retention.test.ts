import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  expiredBackups,
  type Kept,
  keptBackups,
  type Retention,
} from '../../../operator/backup/retention.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Retention of backups');

const GUIDE: Retention = { daily: 7, weekly: 4, monthly: 6 };
const DAY_MS = 86_400_000;
const daily = (first: string, days: number): Kept[] =>
  Array.from({ length: days }, (_, i) => {
    const at = Date.parse(`${first}T02:10:00Z`) + i * DAY_MS;
    return { name: new Date(at).toISOString().slice(0, 10), at };
  });
const names = (backups: readonly Kept[]) => backups.map(({ name }) => name).sort();

const anyBackups = fc
  .uniqueArray(fc.integer({ min: 0, max: 800 * 24 }), { maxLength: 200 })
  .map((hours) =>
    hours.map((hour): Kept => ({ name: `b${hour}`, at: Date.UTC(2025, 0, 1) + hour * 3_600_000 })),
  );
const anyRetention = fc.record({
  daily: fc.integer({ min: 1, max: 30 }),
  weekly: fc.integer({ min: 0, max: 12 }),
  monthly: fc.integer({ min: 0, max: 24 }),
});

test('a year of nights leaves seven days, the Sundays of four weeks and the ends of six months', () => {
  const kept = keptBackups(daily('2026-01-01', 365), GUIDE);
  assert.equal(names(kept), [
    ...['2026-07-31', '2026-08-31', '2026-09-30', '2026-10-31', '2026-11-30'],
    ...['2026-12-13', '2026-12-20', '2026-12-25', '2026-12-26', '2026-12-27', '2026-12-28'],
    ...['2026-12-29', '2026-12-30', '2026-12-31'],
  ]);
});

test('one that somebody asked for lives as long as the days, whatever else its day has', () => {
  const day = (n: number, hour = 2) => Date.UTC(2026, 0, n, hour);
  const nights = Array.from({ length: 20 }, (_, i) => ({ name: `night-${i}`, at: day(i + 1) }));
  const asked = { name: 'asked', at: day(10, 1), isAskedFor: true };
  const keeps = (until: number) =>
    keptBackups([...nights.slice(0, until), asked], { daily: 7, weekly: 0, monthly: 0 }).includes(asked);
  assert.equal([10, 16, 17, 20].map(keeps), [true, true, false, false]);
  assert.is(keptBackups([...nights.slice(0, 10), asked], { daily: 7, weekly: 0, monthly: 0 }).length, 8);
});

test('a week begins on Monday, and a month with its first in UTC', () => {
  const one = { daily: 1, weekly: 2, monthly: 0 };
  const at = (time: string): Kept => ({ name: time, at: Date.parse(time) });
  const kept = keptBackups(
    [at('2026-11-22T23:59:59Z'), at('2026-11-23T00:00:00Z'), at('2026-11-23T05:00:00Z')],
    one,
  );
  assert.equal(names(kept), ['2026-11-22T23:59:59Z', '2026-11-23T05:00:00Z']);
});

test('a pause ages nothing away: with no new backup, nothing expires', () => {
  fc.assert(
    fc.property(anyBackups, anyRetention, (backups, retention) => {
      const kept = keptBackups(backups, retention);
      // The function has no clock, and what it kept it keeps.
      assert.equal(names(keptBackups(kept, retention)), names(kept));
    }),
  );
});

test('the newest one is always kept, and every one is either kept or expired', () => {
  fc.assert(
    fc.property(anyBackups, anyRetention, (backups, retention) => {
      const kept = keptBackups(backups, retention);
      const expired = expiredBackups(backups, retention);
      assert.equal(names([...kept, ...expired]), names(backups));
      const newest = Math.max(...backups.map(({ at }) => at));
      if (backups.length > 0) assert.ok(kept.some(({ at }) => at === newest));
    }),
  );
});

test('no more are kept than days, weeks and months are asked for', () => {
  fc.assert(
    fc.property(anyBackups, anyRetention, (backups, { daily: d, weekly, monthly }) => {
      assert.ok(keptBackups(backups, { daily: d, weekly, monthly }).length <= d + weekly + monthly);
    }),
  );
});

test('what has expired stays so when a newer backup comes, and more retention never loses one', () => {
  fc.assert(
    fc.property(anyBackups, anyRetention, fc.integer({ min: 1, max: 50 }), (backups, retention, hours) => {
      const newest = Math.max(0, ...backups.map(({ at }) => at));
      const later = [...backups, { name: 'later', at: newest + hours * 3_600_000 }];
      const expired = names(expiredBackups(backups, retention));
      const after = new Set(names(expiredBackups(later, retention)));
      assert.ok(expired.every((name) => after.has(name)));
      const more = { ...retention, daily: retention.daily + 1, monthly: retention.monthly + 1 };
      const keptOfMore = new Set(names(keptBackups(backups, more)));
      assert.ok(names(keptBackups(backups, retention)).every((name) => keptOfMore.has(name)));
    }),
  );
});

test('the order in which backups are listed decides nothing', () => {
  fc.assert(
    fc.property(anyBackups, anyRetention, (backups, retention) => {
      const turned = [...backups].reverse();
      assert.equal(names(keptBackups(turned, retention)), names(keptBackups(backups, retention)));
    }),
  );
});

test.run();
