import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { RestoreAction, Seen } from '../../../operator/restore/actions.ts';
import { nextAction } from '../../../operator/restore/decide.ts';
import type { Restored, RestoreResult } from '../../../operator/restore/result.ts';
import { is, isOver, type JobView, type RestoreView } from '../../../operator/restore/view.ts';
import type { BaseBackup } from '../../../operator/restore/world.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('course of a restore');

const NOW = Date.parse('2026-03-20T12:00:00Z');
const MINUTE_MS = 60_000;

const BACKUP: BaseBackup = {
  name: 'nightly',
  type: 'full',
  label: '20260320-020000F',
  stanza: 'shop-1',
  stoppedAt: Date.parse('2026-03-20T02:05:00Z'),
  isInWindow: true,
};

function restored(unlike: Partial<Restored> = {}): Restored {
  const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
  return {
    outcome: 'restored',
    backup: '20260320-020000F',
    stanza: 'shop-1',
    startedAt: at(4),
    restoredAt: at(30),
    answeredAt: at(41.2),
    checkedAt: at(50),
    recoveryPoint: at(-80),
    timeline: 2,
    bytes: 5e9,
    tables: 7,
    rows: 123,
    ...unlike,
  };
}

/** Drills take no notice of it. */
const NO_PLACE: Seen['place'] = {
  stanza: 'shop-1',
  nextStanza: 'shop-2',
  generationOf: ({ uid }) => uid,
  backupName: ({ name }, when) => `${when}-${name}`,
  backup: () => ({ state: 'absent' }),
};

/** An environment's restores and their Jobs; every write of the operator is carried out on it. */
class World {
  now = NOW;
  restores: RestoreView[] = [];
  readonly jobs = new Map<string, JobView>();
  backups: BaseBackup[] = [BACKUP];
  obstacle: string | undefined;
  readonly began: string[] = [];

  add(name: string, spec: Partial<RestoreView['spec']> = {}): void {
    const whole = { environment: 'shop', mode: 'drill' as const, ...spec };
    const view = { name, uid: `uid-${name}`, generation: 1, createdAt: this.now, spec: whole, status: {} };
    this.restores = [...this.restores, view];
  }

  get(name: string): RestoreView {
    return this.restores.find((one) => one.name === name) as RestoreView;
  }

  /** One look and one write, as an operator that dies after it. */
  step(): RestoreAction | undefined {
    const seen: Seen = {
      now: this.now,
      backups: this.backups,
      archives: [],
      restores: [...this.restores],
      job: ({ name }, part) => (part === 'main' && this.jobs.get(name)) || { state: 'absent' },
      place: NO_PLACE,
      ...(this.obstacle === undefined ? {} : { obstacle: this.obstacle }),
    };
    const action = nextAction(seen);
    if (action?.type === 'status') {
      const { name } = action.restore;
      this.restores = this.restores.map((one) =>
        one.name === name ? { ...one, status: action.status } : one,
      );
    }
    if (action?.type === 'beginJob') {
      this.began.push(action.restore.name);
      this.jobs.set(action.restore.name, { state: 'running' });
    }
    if (action?.type === 'endJob') this.jobs.delete(action.restore.name);
    return action;
  }

  settle(): RestoreAction[] {
    const actions: RestoreAction[] = [];
    for (let action = this.step(); action !== undefined; action = this.step()) {
      actions.push(action);
      assert.ok(actions.length < 100, 'it writes without end');
    }
    return actions;
  }

  ends(name: string, result?: RestoreResult): void {
    this.jobs.set(name, { state: 'ended', ...(result ? { result } : {}) });
  }
}

function condition({ status }: RestoreView, type: string): string {
  const found = status.conditions?.find((one) => one.type === type);
  return found ? `${found.status} ${found.reason}` : '';
}

test('a drill begins, is measured, and gives its volume back', () => {
  const world = new World();
  world.add('drill');
  assert.equal(
    world.settle().map(({ type }) => type),
    ['status', 'beginJob', 'status'],
  );
  assert.is(condition(world.get('drill'), 'Completed'), 'False Restoring');
  world.ends('drill', restored());
  assert.equal(
    world.settle().map(({ type }) => type),
    ['status', 'endJob'],
  );
  const { status } = world.get('drill');
  assert.is(condition(world.get('drill'), 'Completed'), 'True Restored');
  assert.is(status.rtoSeconds, 42);
  assert.is(status.rpoSeconds, 80);
  assert.equal(status.report, {
    bytes: 5e9,
    tables: 7,
    rows: 123,
    restoreSeconds: 26,
    replaySeconds: 12,
    checkSeconds: 9,
  });
});

test('to a moment, what is missing counts up to that moment; to a backup nothing is', () => {
  for (const [target, seconds] of [
    [{ time: '2026-03-20T11:59:00Z' }, 20],
    [{ backup: 'nightly' }, 0],
  ] as const) {
    const world = new World();
    world.add('drill', { target });
    world.settle();
    world.ends('drill', restored());
    world.settle();
    assert.is(world.get('drill').status.rpoSeconds, seconds);
  }
});

test('the Job gets what the repository calls the backup, and those that failed before', () => {
  const world = new World();
  world.backups = [BACKUP, { ...BACKUP, name: 'bad', label: 'BAD', isBroken: true }];
  world.add('drill', { target: { backup: 'nightly' } });
  world.step();
  const action = world.step();
  assert.is(action?.type, 'beginJob');
  const { target, stanza, broken } = action as Extract<RestoreAction, { type: 'beginJob' }>;
  assert.equal(
    { target, stanza, broken },
    { target: { backup: '20260320-020000F' }, stanza: 'shop-1', broken: ['BAD'] },
  );
});

test('what is impossible is refused before there is a Job', () => {
  const refusal = (change: (world: World) => void) => {
    const world = new World();
    change(world);
    world.settle();
    assert.equal(world.began, []);
    assert.is(condition(world.get('drill'), 'Accepted').slice(0, 5), 'False');
    return `${condition(world.get('drill'), 'Stalled')} ${world.get('drill').status.conditions?.[0]?.message}`;
  };
  assert.match(
    refusal((world) => world.add('drill', { target: { time: '2020-01-01T00:00:00Z' } })),
    /True BeforeOldestBackup .*possible is 2026-03-20T02:05:00.000Z/,
  );
  assert.match(
    refusal((world) => world.add('drill', { target: { backup: 'nope' } })),
    /UnknownBackup/,
  );
  const without = (world: World) => {
    world.obstacle = 'the environment shop takes no backups';
    world.add('drill');
  };
  assert.match(refusal(without), /NotPossible the environment shop takes no backups/);
});

test('what the Job refuses or fails with is said, and is the end', () => {
  const world = new World();
  world.add('drill', { target: { time: '2026-03-20T11:59:59Z' } });
  world.settle();
  world.ends('drill', { outcome: 'refused', reason: 'BeyondArchive', message: 'it is too late' });
  world.settle();
  assert.is(condition(world.get('drill'), 'Accepted'), 'False BeyondArchive');
  assert.is(condition(world.get('drill'), 'Stalled'), 'True BeyondArchive');
  world.add('second');
  world.settle();
  world.ends('second', { outcome: 'failed', reason: 'Damaged', message: 'a page is damaged' });
  world.settle();
  assert.is(condition(world.get('second'), 'Stalled'), 'True Damaged');
  assert.ok(world.jobs.has('second'), 'its log cannot be read any more');
  world.add('third');
  world.settle();
  world.ends('third');
  world.settle();
  assert.is(condition(world.get('third'), 'Stalled'), 'True Failed');
});

test('the next one waits, and says for whom', () => {
  const world = new World();
  world.add('b-first');
  world.settle();
  world.add('a-second');
  world.settle();
  assert.equal(world.began, ['b-first']);
  const waiting = world.get('a-second').status.conditions?.[0];
  assert.is(waiting?.message, 'Restore b-first of the environment comes first.');
  world.ends('b-first', restored());
  world.settle();
  assert.equal(world.began, ['b-first', 'a-second']);
});

test('a Job that somebody deleted is made again, for there is no result', () => {
  const world = new World();
  world.add('drill');
  world.settle();
  world.jobs.delete('drill');
  world.settle();
  assert.equal(world.began, ['drill', 'drill']);
});

test('whatever happens, there is one at a time, an end is an end, and every restore comes to one', () => {
  const names = ['a', 'b', 'c', 'd'];
  const event = fc.record({
    kind: fc.constantFrom('add', 'restored', 'failed', 'refused', 'lost', 'deleted', 'step', 'step', 'step'),
    name: fc.constantFrom(...names),
    minutes: fc.integer({ min: 0, max: 30 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const world = new World();
      const ends = new Map<string, string>();
      const look = () => {
        const running = [...world.jobs].filter(([, { state }]) => state === 'running').map(([name]) => name);
        assert.ok(running.filter((name) => !isOver(world.get(name))).length <= 1, `two at once: ${running}`);
        for (const restore of world.restores.filter(isOver)) {
          const end = JSON.stringify(restore.status);
          assert.is(ends.get(restore.name) ?? end, end);
          ends.set(restore.name, end);
        }
      };
      const happens = (kind: string, name: string) => {
        const there = world.restores.some((one) => one.name === name);
        if (kind === 'add' && !there) world.add(name);
        if (kind === 'deleted') world.jobs.delete(name);
        if (world.jobs.get(name)?.state !== 'running') return;
        if (kind === 'restored') world.ends(name, restored());
        if (kind === 'failed') world.ends(name, { outcome: 'failed', reason: 'NotStarted', message: 'no' });
        if (kind === 'refused') world.ends(name, { outcome: 'refused', reason: 'NoBackup', message: 'no' });
        if (kind === 'lost') world.ends(name);
      };
      for (const { kind, name, minutes } of events) {
        world.now += minutes * MINUTE_MS;
        if (kind === 'step') world.step();
        else happens(kind, name);
        look();
      }
      for (let i = 0; i < 20 && !world.restores.every(isOver); i++) {
        world.settle();
        for (const name of names) happens('restored', name);
        look();
      }
      world.settle();
      assert.ok(world.restores.every(isOver), 'one never ends');
      assert.ok(world.restores.every(({ status }) => !is(status, 'Completed') || !is(status, 'Stalled')));
    }),
    { numRuns: 500 },
  );
});

test.run();
