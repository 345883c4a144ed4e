import * as assert from 'uvu/assert';
import {
  type Calendar,
  dueDrill,
  lastDrill,
  rehearsed,
  untilDrill,
} from '../../../operator/restore/rehearsals.ts';
import { type RestoreStatus, type RestoreView, withCondition } from '../../../operator/restore/view.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('rehearsals');

const HOUR_MS = 3_600_000;
const QUARTERLY = '0 5 1 1,4,7,10 *';
const SLOT = Date.parse('2026-04-01T05:00:00Z');

function calendar(now: number, since = Date.parse('2026-01-15T00:00:00Z')): Calendar {
  return { environment: 'shop', schedule: QUARTERLY, since, now };
}

function drill(name: string, at: number, end: 'Completed' | 'Stalled' | 'running'): RestoreView {
  const over: RestoreStatus = { completedAt: new Date(at).toISOString(), rtoSeconds: 42, rpoSeconds: 3 };
  const value = { type: end, status: 'True' as const, reason: 'Test', message: 'a page is damaged' };
  const status = end === 'running' ? {} : withCondition(over, value, at);
  return {
    name,
    uid: name,
    generation: 1,
    createdAt: at,
    spec: { environment: 'shop', mode: 'drill' },
    status,
  };
}

function state(now: number, restores: RestoreView[] = []): string {
  const { status, reason } = rehearsed(calendar(now), restores, lastDrill(restores));
  return `${status} ${reason}`;
}

test('a rehearsal is due at its time, once, and not a day later', () => {
  assert.is(dueDrill(calendar(SLOT - 1), []), undefined);
  assert.is(dueDrill(calendar(SLOT), []), 'shop-drill-20260401-0500');
  assert.is(dueDrill(calendar(SLOT + 23 * HOUR_MS), []), 'shop-drill-20260401-0500');
  assert.is(
    dueDrill(calendar(SLOT + HOUR_MS), [drill('shop-drill-20260401-0500', SLOT, 'running')]),
    undefined,
  );
  assert.is(dueDrill(calendar(SLOT + 25 * HOUR_MS), []), undefined);
});

test('slots from before there was a backup do not count', () => {
  assert.is(dueDrill(calendar(SLOT + HOUR_MS, SLOT + 1), []), undefined);
  const { reason } = rehearsed(calendar(SLOT + 48 * HOUR_MS, SLOT + 1), [], undefined);
  assert.is(reason, 'NotYet');
});

test('the environment says whether it was rehearsed, and when the next time is', () => {
  assert.is(state(SLOT - HOUR_MS), 'Unknown NotYet');
  assert.is(state(SLOT + HOUR_MS), 'Unknown UnderWay');
  assert.is(state(SLOT + 25 * HOUR_MS), 'False Overdue');
  const good = drill('good', SLOT + HOUR_MS, 'Completed');
  assert.is(state(SLOT + 2 * HOUR_MS, [good]), 'True Rehearsed');
  assert.is(
    rehearsed(calendar(SLOT + 2 * HOUR_MS), [good], lastDrill([good])).message,
    'The rehearsal good of 2026-04-01T06:00:00.000Z answered after 42 s and missed at most 3 s. The next one is at 2026-07-01T05:00:00.000Z.',
  );
  const bad = drill('bad', SLOT + 3 * HOUR_MS, 'Stalled');
  assert.is(state(SLOT + 4 * HOUR_MS, [good, bad]), 'False Failed');
  const mended = drill('mended', SLOT + 5 * HOUR_MS, 'Completed');
  assert.is(state(SLOT + 6 * HOUR_MS, [good, bad, mended]), 'True Rehearsed');
  assert.is(state(Date.parse('2026-07-03T00:00:00Z'), [mended]), 'False Overdue');
});

test('a drill is remembered when its resource is gone', () => {
  const before = { name: 'gone', time: new Date(SLOT).toISOString(), rtoSeconds: 1, rpoSeconds: 2 };
  assert.is(lastDrill([], before)?.name, 'gone');
  assert.is(lastDrill([drill('new', SLOT + 1, 'Completed')], before)?.name, 'new');
  assert.is(lastDrill([drill('old', SLOT - 1, 'Completed')], before)?.name, 'gone');
});

test('it is looked at again when the next one is due, and when one is overdue', () => {
  assert.is(untilDrill(calendar(SLOT - HOUR_MS)), HOUR_MS);
  assert.is(untilDrill(calendar(SLOT + HOUR_MS)), 23 * HOUR_MS + 1);
  assert.is(
    untilDrill(calendar(SLOT + 48 * HOUR_MS)),
    Date.parse('2026-07-01T05:00:00Z') - SLOT - 48 * HOUR_MS,
  );
});

test.run();
