import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  bytesOfLsn,
  endOfSegment,
  lsnOf,
  segmentBefore,
  startOfSegment,
} from '../../../operator/restore/lsn.ts';
import { chooseBackup, momentOf } from '../../../operator/restore/targets.ts';
import type { BaseBackup, Target, World } from '../../../operator/restore/world.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('targets of a restore');

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-03-20T12:00:00Z');

/** The full backup that was complete at two o'clock, so many days ago. */
function nightly(daysAgo: number, unlike: Partial<BaseBackup> = {}): BaseBackup {
  const stoppedAt = Date.parse('2026-03-20T02:00:00Z') - daysAgo * DAY_MS;
  const name = `shop-full-${new Date(stoppedAt).toISOString().slice(0, 10)}`;
  return {
    name,
    type: 'full',
    label: `F${daysAgo}`,
    stanza: 'shop-1',
    stoppedAt,
    stopLsn: bytesOfLsn('1/0') - BigInt(daysAgo) * 0x1000000n,
    isInWindow: daysAgo < 7,
    ...unlike,
  };
}

function world(unlike: Partial<World> = {}): World {
  return {
    now: NOW,
    backups: [9, 8, 6, 3, 1, 0].map((days) => nightly(days)),
    archives: [
      { stanza: 'shop-1', lastCommit: Date.parse('2026-03-20T11:55:00Z'), end: bytesOfLsn('1/5000000') },
    ],
    ...unlike,
  };
}

/** The backup that is taken, or the reason why there is none. */
function outcome(target: Target, of: World = world()): string {
  const decision = chooseBackup(target, of);
  return 'refused' in decision ? decision.refused.reason : (decision.backup.label ?? '');
}

function sentence(target: Target, of: World = world()): string {
  const decision = chooseBackup(target, of);
  return 'refused' in decision ? decision.refused.message : '';
}

test('without a target it is the newest backup and all of its log', () => {
  assert.is(outcome({}), 'F0');
  assert.equal((chooseBackup({}, world()) as { until: unknown }).until, { type: 'newest' });
  assert.is(outcome({}, world({ backups: [] })), 'NoBackup');
});

test('a moment is restored from the newest backup before it', () => {
  assert.is(outcome({ time: '2026-03-19T02:00:00Z' }), 'F1');
  assert.is(outcome({ time: '2026-03-19T01:59:59Z' }), 'F3');
  assert.is(outcome({ time: '2026-03-20T11:54:59.999Z' }), 'F0');
});

test('a moment that cannot be reached is refused with the range that can', () => {
  assert.is(outcome({ time: '2026-03-01T00:00:00Z' }), 'BeforeOldestBackup');
  assert.is(outcome({ time: '2026-03-12T12:00:00Z' }), 'LogNotKept');
  assert.is(outcome({ time: '2026-03-20T11:55:00Z' }), 'BeyondArchive');
  assert.is(outcome({ time: '2026-03-21T00:00:00Z' }), 'InTheFuture');
  assert.is(
    sentence({ time: '2026-03-12T12:00:00Z' }),
    '2026-03-12T12:00:00Z needs the log after backup shop-full-2026-03-12, which is not kept any more: that backup restores to its own end alone (2026-03-12T02:00:00.000Z); possible is 2026-03-14T02:00:00.000Z (the end of backup shop-full-2026-03-14) to 2026-03-20T11:55:00.000Z',
  );
});

test('a backup restores to its own end, however old it is', () => {
  assert.is(outcome({ backup: 'shop-full-2026-03-11' }), 'F9');
  assert.is(outcome({ backup: 'F9' }), 'F9');
});

test('a backup that is not there, not complete, or a dump is refused', () => {
  const backups = [nightly(1), nightly(0, { type: 'dump', name: 'dump' }), { ...nightly(0), name: 'half' }];
  delete backups[2]?.stoppedAt;
  const of = world({ backups });
  assert.is(outcome({ backup: 'dump' }, of), 'BackupIsDump');
  assert.is(outcome({ backup: 'half' }, of), 'BackupNotComplete');
  assert.is(outcome({ backup: 'nope' }, of), 'UnknownBackup');
  assert.is(sentence({ backup: 'nope' }, of), 'there is no backup nope; there are shop-full-2026-03-19');
  assert.is(outcome({}, of), 'F1');
});

test('a backup of which a restore has failed is only taken when it is asked for by name', () => {
  const of = world({ backups: [nightly(1), nightly(0, { isBroken: true })] });
  assert.is(outcome({}, of), 'F1');
  assert.is(outcome({ time: '2026-03-20T10:00:00Z' }, of), 'F1');
  assert.is(outcome({ backup: 'shop-full-2026-03-20' }, of), 'F0');
});

test('a position belongs to the newest history alone', () => {
  assert.is(outcome({ lsn: '0/FF000000' }), 'F1');
  assert.is(outcome({ lsn: '1/4FFFFFF' }), 'F0');
  assert.is(outcome({ lsn: '1/5000000' }), 'BeyondArchive');
  assert.is(outcome({ lsn: '0/1' }), 'BeforeOldestBackup');
  assert.is(outcome({ lsn: '0/F8000001' }), 'LogNotKept');
  const restored = world({ backups: [...world().backups, nightly(-1, { stanza: 'shop-2', label: 'N' })] });
  assert.is(outcome({ lsn: '0/FF000000' }, restored), 'BeforeOldestBackup');
});

test('a named point is restored from the newest backup before it; an unknown one only where all are known', () => {
  const points = [
    { name: 'p', time: Date.parse('2026-03-19T01:00:00Z'), stanza: 'shop-1' },
    { name: 'old', lsn: 5n, stanza: 'shop-1' },
  ];
  assert.is(outcome({ name: 'p' }, world({ points })), 'F3');
  assert.is(outcome({ name: 'q' }, world({ points })), 'UnknownName');
  assert.match(sentence({ name: 'q' }, world({ points })), /there are old, p \(2026-03-19T01:00:00.000Z\)/);
  assert.is(outcome({ name: 'old' }, world({ points })), 'BeforeOldestBackup');
  assert.is(outcome({ name: 'q' }), 'F0');
});

test('what is chosen can always be replayed up to the moment, and what is refused never', () => {
  const days = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 8 });
  fc.assert(
    fc.property(days, fc.integer({ min: -1, max: 25 * 24 * 60 }), (ages, minutesAgo) => {
      const backups = ages.map((age) => nightly(age));
      const at = NOW - minutesAgo * 60_000;
      const of = world({ backups });
      const lastCommit = of.archives[0]?.lastCommit as number;
      const decision = chooseBackup({ time: new Date(at).toISOString() }, of);
      const base = backups
        .filter(({ stoppedAt }) => (stoppedAt as number) <= at)
        .sort((a, b) => (b.stoppedAt as number) - (a.stoppedAt as number))[0];
      const isPossible = base?.isInWindow === true && at < lastCommit;
      if ('refused' in decision) assert.not(isPossible);
      else {
        assert.ok(isPossible);
        assert.is(decision.backup, base);
      }
    }),
  );
});

test('a moment is read down to the microsecond', () => {
  assert.is(momentOf('2026-03-20T02:00:00.5Z'), Date.parse('2026-03-20T02:00:00.500Z'));
  const fine = momentOf('2026-03-20T02:00:00.123456Z') - Date.parse('2026-03-20T02:00:00.123Z');
  assert.ok(Math.abs(fine - 0.456) < 0.001);
  assert.is(momentOf('2026-03-20T03:00:00+01:00'), Date.parse('2026-03-20T02:00:00Z'));
});

test('positions and segments are the same log', () => {
  assert.is(lsnOf(bytesOfLsn('16/B374D848')), '16/B374D848');
  assert.is(startOfSegment('0000000100000016000000B3'), bytesOfLsn('16/B3000000'));
  assert.is(endOfSegment('0000000100000016000000FF'), bytesOfLsn('17/0'));
  assert.is(segmentBefore('000000020000000100000000'), '0000000200000000000000FF');
  assert.is(segmentBefore('000000010000000000000000'), undefined);
});

test.run();
