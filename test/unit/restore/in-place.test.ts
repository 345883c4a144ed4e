import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { BackupView, RestoreAction, Seen } from '../../../operator/restore/actions.ts';
import { nextAction } from '../../../operator/restore/decide.ts';
import { decidedFor, holding } from '../../../operator/restore/in-place.ts';
import type { Restored, RestoreResult } from '../../../operator/restore/result.ts';
import { isOver, type JobView, type RestoreView } from '../../../operator/restore/view.ts';
import type { BaseBackup } from '../../../operator/restore/world.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('course of a restore in place');

const NOW = Date.parse('2026-03-20T12:00:00Z');
const BACKUP: BaseBackup = {
  name: 'nightly',
  type: 'full',
  label: '20260320-020000F',
  stanza: 'shop-1',
  stoppedAt: Date.parse('2026-03-20T02:05:00Z'),
  isInWindow: true,
};
const POSSIBLE: RestoreResult = { outcome: 'possible', backup: '20260320-020000F', stanza: 'shop-1' };
const RESTORED: Restored = {
  outcome: 'restored',
  backup: '20260320-020000F',
  stanza: 'shop-1',
  startedAt: '2026-03-20T12:01:00Z',
  restoredAt: '2026-03-20T12:02:00Z',
  answeredAt: '2026-03-20T12:03:00Z',
  checkedAt: '2026-03-20T12:04:00Z',
  recoveryPoint: '2026-03-20T11:58:00Z',
  timeline: 2,
  bytes: 5e9,
  tables: 7,
  rows: 123,
};
const DAMAGED: RestoreResult = { outcome: 'failed', reason: 'Damaged', message: 'a page is damaged' };

/** One database with a restore in place: what the operator writes is carried out on it, and what it does not write is not. */
class World {
  now = NOW;
  restores: RestoreView[] = [];
  readonly jobs = new Map<string, JobView>();
  readonly backups = new Map<string, BackupView>();
  /** In the environment's status. */
  generation: string | undefined;
  stanza = 'shop-1';
  /** Members and PgBouncer run. */
  runs = true;
  /** What the members have. */
  data = 'former';
  /** What lies beside it, by the restore that it is of. */
  readonly beside = new Set<string>();
  migrating = false;
  readonly did: string[] = [];

  ask(name: string, more: Partial<RestoreView['spec']> = {}): void {
    const spec = { environment: 'shop', mode: 'inPlace' as const, target: { backup: 'nightly' }, ...more };
    this.restores.push({ name, uid: `uid-${name}`, generation: 1, createdAt: this.now, spec, status: {} });
  }

  get restore(): RestoreView {
    return this.restores[0] as RestoreView;
  }

  get seen(): Seen {
    const { generation } = this;
    return {
      now: this.now,
      backups: [BACKUP],
      archives: [],
      restores: [...this.restores],
      job: ({ name }, part) => this.jobs.get(`${name} ${part}`) ?? { state: 'absent' },
      place: {
        stanza: this.stanza,
        nextStanza: 'shop-2',
        ...(generation === undefined ? {} : { generation }),
        generationOf: ({ uid }) => uid,
        backupName: ({ name }, when) => `${when}-${name}`,
        backup: (name) => this.backups.get(name) ?? { state: 'absent' },
        ...(this.migrating ? { migrating: 'a migration is at work' } : {}),
        ...(this.runs ? { writers: 'shop-database-0' } : {}),
        ...(this.runs ? {} : { notServing: 'no member runs' }),
      },
    };
  }

  get isHeld(): boolean {
    return holding(this.restores, this.seen.place) !== undefined;
  }

  /** One look; the write is carried out, or lost with the operator. */
  step({ dies = false } = {}): RestoreAction | undefined {
    const action = nextAction(this.seen);
    if (!action || dies) return action;
    const { name } = action.restore;
    if (action.type === 'status') {
      this.restores = this.restores.map((one) =>
        one.name === name ? { ...one, status: action.status } : one,
      );
      if (action.status.step) this.#did(action.status.step);
    }
    if (action.type === 'beginJob') this.#begin(action);
    if (action.type === 'endJob') this.jobs.delete(`${name} ${action.part}`);
    if (action.type === 'askBackup') {
      this.backups.set(action.name, { state: 'running' });
      this.#did(action.name);
    }
    return action;
  }

  #begin({ restore, part, kept }: Extract<RestoreAction, { type: 'beginJob' }>): void {
    this.#did(`Job ${part}`);
    if (part === 'main') {
      assert.ok(!this.runs && this.isHeld, 'it restores while somebody writes');
      assert.is(kept, '20260320-020000F');
      const isSafe = this.backups.get(`before-${restore.name}`)?.state === 'complete';
      assert.ok(isSafe || restore.spec.withoutSafetyBackup, 'there is no safety backup');
    }
    this.jobs.set(`${restore.name} ${part}`, { state: 'running' });
  }

  #did(what: string): void {
    if (this.did.at(-1) !== what) this.did.push(what);
  }

  /** The environment's status is written, and what follows from it. */
  settles(): void {
    const decided = decidedFor(this.restores);
    if (decided) [this.generation, this.stanza] = [decided.uid, decided.status.archive ?? ''];
    if (this.isHeld) this.runs = false;
    else if (!this.runs) {
      // As a member starts: never on data of another restore than it is asked for.
      if (this.generation !== undefined && this.data !== this.generation) {
        assert.ok(this.beside.has(this.generation), 'members are told of data that is not there');
        this.data = this.generation;
      }
      this.runs = true;
    }
  }

  ends(part: 'look' | 'main', result?: RestoreResult): void {
    for (const [key, { state }] of this.jobs) {
      if (!key.endsWith(part) || state !== 'running') continue;
      if (result?.outcome === 'restored') this.beside.add(`uid-${key.split(' ')[0]}`);
      this.jobs.set(key, { state: 'ended', ...(result ? { result } : {}) });
    }
  }

  /** Everything comes to a good end by itself. */
  goes(): void {
    for (const name of this.backups.keys()) this.backups.set(name, { state: 'complete' });
    this.ends('look', POSSIBLE);
    this.ends('main', RESTORED);
    this.settles();
    this.now += 1000;
  }

  run(looks = 40): void {
    for (let i = 0; i < looks && this.restores.some((one) => !isOver(one)); i++) {
      this.step();
      this.goes();
    }
    this.settles();
  }
}

function condition({ status }: RestoreView, type: string): string {
  const found = status.conditions?.find((one) => one.type === type);
  return found ? `${found.status} ${found.reason}` : '';
}

function message({ status }: RestoreView): string {
  return status.conditions?.find(({ type }) => type === 'Completed')?.message ?? '';
}

test('is looked up, secured, and only then stops anybody; ends on the restored data, a new archive and a backup', () => {
  const world = new World();
  world.ask('back');
  world.run();
  assert.equal(world.did, [
    ...['Job look', 'Securing', 'before-back', 'Stopping', 'Restoring', 'Job main', 'Starting', 'after-back'],
    'Starting',
  ]);
  assert.is(condition(world.restore, 'Completed'), 'True Restored');
  assert.equal([world.data, world.stanza, world.runs], ['uid-back', 'shop-2', true]);
  assert.match(message(world.restore), /123 rows .* log goes to shop-2, .* backup after-back.*before-back/);
});

test('an impossible target stops nobody and takes no backup', () => {
  const world = new World();
  world.ask('back');
  world.step();
  world.step();
  world.ends('look', { outcome: 'refused', reason: 'BeyondArchive', message: 'it is too late' });
  world.run();
  assert.is(condition(world.restore, 'Accepted'), 'False BeyondArchive');
  assert.equal(world.did, ['Job look']);
  const early = new World();
  early.ask('early', { target: { time: '2020-01-01T00:00:00Z' } });
  early.run();
  assert.is(condition(early.restore, 'Stalled'), 'True BeforeOldestBackup');
  assert.equal(early.did, []);
});

test('without a safety backup nothing is changed, unless somebody says that it may be lost', () => {
  const world = new World();
  world.ask('back');
  for (let i = 0; i < 5; i++) {
    world.step();
    world.ends('look', POSSIBLE);
  }
  world.backups.set('before-back', { state: 'failed', message: 'no bucket' });
  world.run();
  assert.is(condition(world.restore, 'Stalled'), 'True NoSafetyBackup');
  assert.match(message(world.restore), /no bucket.*withoutSafetyBackup: true/);
  assert.equal([world.data, world.runs, world.isHeld], ['former', true, false]);
  const insisted = new World();
  insisted.ask('back', { withoutSafetyBackup: true });
  insisted.run();
  assert.is(condition(insisted.restore, 'Completed'), 'True Restored');
  assert.not.ok(insisted.backups.has('before-back'));
});

test('a failure on the way lets the former data go on', () => {
  const world = new World();
  world.ask('back');
  while (!world.did.includes('Job main')) {
    world.step();
    for (const name of world.backups.keys()) world.backups.set(name, { state: 'complete' });
    world.ends('look', POSSIBLE);
    world.settles();
  }
  assert.is(world.runs, false);
  world.ends('main', DAMAGED);
  world.run();
  assert.is(condition(world.restore, 'Stalled'), 'True Damaged');
  assert.match(message(world.restore), /goes on with the data that it had.*a page is damaged/);
  assert.equal([world.data, world.runs, world.stanza], ['former', true, 'shop-1']);
  assert.ok(world.jobs.has('back main'), 'its log cannot be read any more');
});

test('a migration is waited for before anybody is stopped', () => {
  const world = new World();
  world.migrating = true;
  world.ask('back');
  world.run(10);
  assert.match(message(world.restore), /a migration is at work/);
  assert.equal([world.runs, world.did.includes('Stopping')], [true, false]);
  world.migrating = false;
  world.run();
  assert.is(condition(world.restore, 'Completed'), 'True Restored');
});

test('an operator that dies at any write changes nothing of the end', () => {
  const whole = new World();
  whole.ask('back');
  let writes = 0;
  for (let action = whole.step(); !isOver(whole.restore); action = whole.step()) {
    if (action) writes += 1;
    whole.goes();
  }
  for (let lost = 0; lost <= writes; lost++) {
    const world = new World();
    world.ask('back');
    for (let i = 0; i < 60 && !isOver(world.restore); i++) {
      world.step({ dies: i === lost });
      world.goes();
    }
    world.settles();
    assert.is(condition(world.restore, 'Completed'), 'True Restored', `died at write ${lost} of ${writes}`);
    assert.equal([world.data, world.stanza, world.runs], ['uid-back', 'shop-2', true]);
  }
});

test('whatever happens, members have the former data or the restored, and the database serves in the end', () => {
  const event = fc.constantFrom(
    ...(['step', 'step', 'step', 'dies', 'settles', 'settles', 'secured', 'unsecured', 'possible'] as const),
    ...(['restored', 'damaged', 'lost', 'jobDeleted', 'migrates', 'deleted', 'again'] as const),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const world = new World();
      world.ask('back');
      for (const what of events) {
        world.now += 1000;
        if (what === 'step') world.step();
        if (what === 'dies') world.step({ dies: true });
        if (what === 'settles') world.settles();
        if (what === 'secured' || what === 'unsecured')
          for (const [name, { state }] of world.backups)
            if (state === 'running')
              world.backups.set(name, { state: what === 'secured' ? 'complete' : 'failed' });
        if (what === 'possible') world.ends('look', POSSIBLE);
        if (what === 'restored') world.ends('main', RESTORED);
        if (what === 'damaged') world.ends('main', DAMAGED);
        if (what === 'lost') world.ends('main');
        if (what === 'jobDeleted') world.jobs.clear();
        if (what === 'migrates') world.migrating = !world.migrating;
        if (what === 'deleted') {
          world.restores = [];
          world.jobs.clear();
        }
        if (what === 'again' && world.restores.length === 0) world.ask(`again${world.now}`);
        if (world.generation === undefined) assert.is(world.data, 'former');
        if (world.runs && world.generation !== undefined && !world.isHeld)
          assert.ok([world.generation, 'former'].includes(world.data) || world.data.startsWith('uid-'));
      }
      world.migrating = false;
      world.run(80);
      assert.ok(world.restores.every(isOver), 'one never ends');
      assert.equal([world.runs, world.isHeld], [true, false]);
      assert.is(world.data, world.generation ?? 'former');
      const [last] = world.restores;
      if (last && condition(last, 'Completed').startsWith('True')) assert.is(world.data, last.uid);
    }),
    { numRuns: 1000 },
  );
});

test.run();
