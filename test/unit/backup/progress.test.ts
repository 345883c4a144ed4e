import * as assert from 'uvu/assert';
import { type BackupLook, stepOf } from '../../../operator/backup/progress.ts';
import { type BackupStatus, conditionOf, withCondition } from '../../../operator/backup/record.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('What the operator does about a backup');

const NOW = Date.parse('2026-11-23T02:00:00Z');
const on = { enabled: true, now: NOW };

const with_ = (type: string, status: 'True' | 'False', reason: string, before: BackupStatus = {}) =>
  withCondition(before, { type, status, reason, message: 'Said.' }, NOW - 3_600_000);
const RUNNING = {
  ...with_('Completed', 'False', 'Running'),
  startedAt: new Date(NOW - 3_600_000).toISOString(),
};
const COMPLETE = with_('Completed', 'True', 'Complete', RUNNING);
const VERIFIED = with_('Verified', 'True', 'Restored', COMPLETE);

function look(unlike: Partial<BackupLook> = {}): BackupLook {
  const base = {
    name: 'now',
    type: 'full',
    createdAt: NOW - 7_200_000,
    status: {},
    jobName: 'shop-backup-1',
  } as const;
  return { ...base, ...unlike };
}
const job = (failure?: string) => ({ name: 'shop-backup-1', isOver: true, ...(failure ? { failure } : {}) });

test('one that a person made gets a Job, and one that a Job made does not', () => {
  assert.equal(stepOf(look(), on), { do: 'begin' });
  const made = stepOf(look({ madeBy: 'shop-backup-1', createdAt: NOW - 1000 }), on);
  assert.equal(made, { do: 'wait', again: 59_000 });
});

test('with backups switched off it is refused with what to do', () => {
  const step = stepOf(look(), { enabled: false, now: NOW });
  assert.is(step.do, 'say');
  const { status, message } = (step.do === 'say' && conditionOf(step.status, 'Completed')) || {};
  assert.is(status, 'False');
  assert.match(message ?? '', /set spec\.backup\.enabled/);
});

test('what is done is left alone, whatever became of the Job', () => {
  for (const status of [
    VERIFIED,
    with_('Completed', 'False', 'Failed'),
    with_('Verified', 'False', 'X', COMPLETE),
  ])
    for (const its of [{}, { job: job() }, { job: job('lost') }])
      assert.equal(stepOf(look({ status, ...its }), on), { do: 'nothing' });
});

test('while the Job is at work nothing is said of it', () => {
  const running = { name: 'shop-backup-1', isOver: false };
  for (const status of [{}, RUNNING, COMPLETE])
    assert.equal(stepOf(look({ status, job: running }), on), { do: 'nothing' });
});

test('no backup runs for ever: a Job that failed or is gone ends it with one sentence', () => {
  const cases: [Partial<BackupLook>, string, RegExp][] = [
    [
      { status: RUNNING, job: job('Job was active longer than specified deadline') },
      'Completed',
      /longer than/,
    ],
    [{ status: RUNNING, madeBy: 'shop-backup-1' }, 'Completed', /is gone; there is no backup/],
    [{ status: COMPLETE, job: job('node lost') }, 'Verified', /node lost; it was not restored/],
    [{ status: RUNNING, job: job() }, 'Completed', /ended without a word/],
  ];
  for (const [unlike, type, message] of cases) {
    const step = stepOf(look(unlike), on);
    assert.is(step.do, 'say');
    if (step.do !== 'say') continue;
    const condition = conditionOf(step.status, type);
    assert.is(condition?.status, 'False');
    assert.is(condition?.reason, 'JobLost');
    assert.match(condition?.message ?? '', message);
    assert.equal(stepOf(look({ ...unlike, status: step.status }), on), { do: 'nothing' }, 'said once');
  }
});

test('news of a Job that is late is waited for', () => {
  const status = { ...RUNNING, startedAt: new Date(NOW - 10_000).toISOString() };
  assert.equal(stepOf(look({ status, madeBy: 'shop-backup-1' }), on), { do: 'wait', again: 50_000 });
});

test.run();
