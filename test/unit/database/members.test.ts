import * as assert from 'uvu/assert';
import type { Member } from '../../../operator/database/member.ts';
import { memberOf } from '../../../operator/database/member.ts';
import {
  nextSteps,
  primaryOf,
  RESTART,
  SETTINGS,
  type Step,
  SWITCHOVER,
} from '../../../operator/database/members.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Members of the database');

const WANTED = { count: 3, template: 'new', settings: 's1' };

function member(ordinal: number, its: Partial<Member> = {}): Member {
  const name = `shop-database-${ordinal}`;
  return {
    name,
    uid: `uid-${ordinal}`,
    ordinal,
    reports: true,
    role: ordinal === 1 ? 'primary' : 'replica',
    running: true,
    ready: true,
    template: 'new',
    timeline: 4,
    position: 1000,
    settings: 's1',
    annotations: {},
    ...its,
  };
}

/** Three members, of which number 1 is primary. */
function group(...changes: Partial<Member>[]): Member[] {
  return [0, 1, 2].map((ordinal) => member(ordinal, changes[ordinal]));
}

const inWords = (steps: Step[]) =>
  steps.map((step) =>
    step.do === 'replace'
      ? `replace ${step.member.ordinal}`
      : `${Object.entries(step.annotations)
          .map(([key, value]) => `${key}=${value}`)
          .join()} to ${step.member.ordinal}`,
  );
const next = (members: Member[], wanted: Partial<typeof WANTED> = {}) => {
  const { steps, waitsFor } = nextSteps(members, { ...WANTED, ...wanted });
  return { steps: inWords(steps), waits: waitsFor !== '' };
};

test('there is nothing to do for members that are as they should be', () => {
  assert.equal(next(group()), { steps: [], waits: false });
});

test('a pod that went without a word is not primary any more when another one has taken over', () => {
  const lost = group({ role: 'primary', ready: false }, { role: 'replica', timeline: 5 });
  assert.is(primaryOf(lost)?.ordinal, 0);
  assert.is(primaryOf(group({ role: 'primary', ready: false }, { timeline: 5 }))?.ordinal, 1);
  assert.is(primaryOf(group({}, { role: 'replica' })), undefined);
});

test('of a new form, replicas get it first, one at a time, and the primary after it has handed over', () => {
  const old = { template: 'old' };
  assert.equal(next(group(old, old, old)).steps, ['replace 2']);
  assert.equal(next([...group(old, old).slice(0, 2)]).steps, []);
  assert.equal(next(group(old, old, { ready: false, running: false, role: 'replica' })).steps, []);
  assert.equal(next(group(old, old, { timeline: 3 })).steps, []);
  assert.equal(next(group(old, { ...old, position: 1e9 }, { position: 1000 })).steps, []);
  assert.equal(next(group(old, old)).steps, ['replace 0']);
  assert.equal(next(group({}, old)).steps, [`${SWITCHOVER}=4- to 1`]);
  assert.equal(next(group({}, { ...old, annotations: { [SWITCHOVER]: '4-' } })), { steps: [], waits: true });
  assert.equal(next(group({ role: 'primary' }, { ...old, role: 'replica' })).steps, ['replace 1']);
});

test('a member that does not run and is of an earlier form is replaced whatever else is wrong', () => {
  const broken = { template: 'old', running: false, ready: false };
  assert.equal(next(group({ running: false, ready: false }, broken, broken)).steps, ['replace 1']);
});

test('while Patroni chooses a primary, nothing is done', () => {
  const members = group({ template: 'old' }, { role: 'replica', template: 'old' }, { template: 'old' });
  assert.equal(next(members), { steps: [], waits: true });
});

test('settings are read by all before any restart, and those that need none restart nobody', () => {
  const unread = { settings: 's0' };
  assert.equal(next(group(unread, unread)).steps, [`${SETTINGS}=s1 to 0`, `${SETTINGS}=s1 to 1`]);
  assert.equal(next(group({ ...unread, annotations: { [SETTINGS]: 's1' } })), { steps: [], waits: true });
});

test('a restart goes to replicas first, and the primary hands over before its own', () => {
  const due = { pending: 'restart' as const };
  assert.equal(next(group(due, due, due)).steps, [`${RESTART}=s1-1 to 2`]);
  assert.equal(next(group(due, due)).steps, [`${RESTART}=s1-1 to 0`]);
  assert.equal(next(group({}, due)).steps, [`${SWITCHOVER}=4- to 1`]);
  assert.equal(next(group({ role: 'primary' }, { ...due, role: 'replica' })).steps, [`${RESTART}=s1-2 to 1`]);
});

test('a value that is lowered is lowered on the primary first', () => {
  const lowered = { pending: 'lowered' as const };
  assert.equal(next(group(lowered, lowered, lowered)).steps, [`${RESTART}=s1-1 to 1`]);
  assert.equal(next(group(lowered, {}, lowered)).steps, [`${RESTART}=s1-2 to 2`]);
  // Beside it one is raised: replicas take that first.
  assert.equal(next(group(lowered, lowered, { pending: 'restart' })).steps, [`${RESTART}=s1-1 to 2`]);
});

test('a database of one restarts and is replaced where it is', () => {
  const alone = (its: Partial<Member>) => [member(0, { role: 'primary', ...its })];
  assert.equal(next(alone({ pending: 'restart' }), { count: 1 }).steps, [`${RESTART}=s1-1 to 0`]);
  assert.equal(next(alone({ template: 'old' }), { count: 1 }).steps, ['replace 0']);
});

test('a primary that is one too many hands over to one that stays', () => {
  assert.equal(next(group(), { count: 1 }).steps, [`${SWITCHOVER}=4-shop-database-0 to 1`]);
});

test('pods that report nothing are replaced as a StatefulSet would', () => {
  const silent = (ordinal: number, template: string, ready = true) => {
    const {
      role: _,
      timeline: __,
      position: ___,
      settings: ____,
      ...rest
    } = member(ordinal, {
      template,
      ready,
      running: false,
      reports: false,
    });
    return rest;
  };
  assert.equal(next([silent(0, 'old'), silent(1, 'old'), silent(2, 'old')]).steps, ['replace 2']);
  assert.equal(next([silent(0, 'old'), silent(1, 'old'), silent(2, 'new', false)]).steps, []);
  assert.equal(next([silent(0, 'new'), silent(1, 'new'), silent(2, 'new')]), { steps: [], waits: false });
});

test('the one pod of an earlier image is replaced while new members wait for its data', () => {
  const waiting = (ordinal: number) => {
    const { role: _, ...rest } = member(ordinal, { ready: false, running: false });
    return rest;
  };
  const { role: _, ...plain } = member(0, { template: 'old', running: false, reports: false });
  assert.equal(next([plain, waiting(1), waiting(2)]).steps, ['replace 0']);
  assert.equal(next([{ ...plain, template: 'new', ready: false }, waiting(1), waiting(2)]).steps, []);
});

test('a pod is read as Patroni reports it, and a report that is none is no report', () => {
  const pod = (status: string | undefined, role?: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'shop-database-2',
      uid: 'u',
      resourceVersion: '1',
      labels: { 'controller-revision-hash': 'new', ...(role ? { 'cryptosense.io/role': role } : {}) },
      ...(status === undefined ? {} : { annotations: { status } }),
    },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const report = {
    state: 'running',
    role: 'replica',
    timeline: 4,
    xlog_location: 9,
    tags: { settings: 's1' },
  };
  const read = memberOf(pod(JSON.stringify(report), 'replica'));
  assert.equal([read.ordinal, read.role, read.running, read.ready], [2, 'replica', true, true]);
  assert.equal([read.timeline, read.position, read.settings, read.template], [4, 9, 's1', 'new']);
  assert.is(memberOf(pod(JSON.stringify(report), 'master')).role, 'primary');
  for (const text of [undefined, '', '[', '"running"', '{}', 'null', '{"tags":null}', '{"tags":5}'])
    assert.equal([memberOf(pod(text)).role, memberOf(pod(text)).running], [undefined, false], text);
});

test.run();
