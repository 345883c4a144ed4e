import * as assert from 'uvu/assert';
import type { BackupView, MigrationInput } from '../../../operator/rollout/gate.ts';
import { type GuardedAction, violatedBy, type World } from '../../../operator/rollout/invariants.ts';
import { type MigrationResult, NO_STEPS, type SchemaView } from '../../../operator/rollout/schema.ts';
import type { RevisionView } from '../../../operator/rollout/state.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('guard of the schema');

const NOW = Date.parse('2026-01-05T10:00:00Z');
const HOUR = 3_600_000;

const result = (unlike: Partial<MigrationResult> = {}): MigrationResult => ({
  fresh: false,
  newest: 3,
  pending: { expand: ['0002-email'], contract: ['0003-drop-mail'] },
  applied: [],
  irreversible: [],
  ...unlike,
});

const GOOD: BackupView = {
  name: 'nightly',
  isFull: true,
  startedAt: NOW - 2 * HOUR,
  completedAt: NOW - HOUR,
  isVerified: true,
  restorePoint: NOW - HOUR,
};

function view(
  revision: string,
  number: number,
  schema: Partial<SchemaView>,
  unlike: Partial<RevisionView> = {},
) {
  const whole = { ...NO_STEPS, ...schema };
  return {
    revision,
    number,
    image: `api:${revision}`,
    ready: 0,
    migration: 'absent',
    schema: whole,
    ...unlike,
  } as RevisionView;
}

const pending = { state: 'complete', createdAt: NOW - 1000, result: result() } as const;
const stable = (schema: Partial<SchemaView> = {}) =>
  view('a', 1, schema, { ready: 4, replicas: 4, migration: 'complete' });

function world(
  revisions: RevisionView[],
  migration: Partial<MigrationInput> = {},
  since = NOW - 2 * HOUR,
): World {
  return {
    revisions,
    route: { weights: { a: 100 }, confirmed: true },
    replicas: 4,
    schema: {
      now: NOW,
      rollbackWindow: '1h',
      stable: { revision: 'a', number: 1, image: 'api:a', since: new Date(since).toISOString() },
      migration: {
        gate: 'verified',
        irreversible: false,
        contract: 'automatic',
        backups: [],
        backupsEnabled: true,
        ...migration,
      },
    },
  };
}

const expand: GuardedAction = { type: 'migrate', revision: 'b', phase: 'expand' };
const contract: GuardedAction = { type: 'migrate', revision: 'a', phase: 'contract' };

test('no migration begins behind a closed gate', () => {
  const candidate = view('b', 2, { report: pending });
  assert.match(violatedBy(expand, world([stable(), candidate])) ?? '', /MigrationBehindGate \(b\)/);
  assert.is(violatedBy(expand, world([stable(), candidate], { backups: [GOOD] })), undefined);
  assert.is(violatedBy(expand, world([stable(), candidate], { gate: 'none' })), undefined);
  const empty = view('b', 2, { report: { ...pending, result: result({ fresh: true }) } });
  assert.is(violatedBy(expand, world([empty])), undefined);
  assert.match(
    violatedBy(contract, world([stable({ expand: { state: 'complete', result: result() } })])) ?? '',
    /MigrationBehindGate \(a\)/,
  );
});

test('a look needs no backup', () => {
  assert.is(violatedBy({ type: 'migrate', revision: 'b', phase: 'report' }, world([stable()])), undefined);
});

test('no migration begins while another one runs', () => {
  const running = view('c', 3, { expand: { state: 'running' } });
  const open = { gate: 'none' } as const;
  assert.match(
    violatedBy(expand, world([stable(), view('b', 2, {}), running], open)) ?? '',
    /OneMigrationAtATime \(step expand of c runs\)/,
  );
  assert.match(violatedBy(contract, world([stable(), running], open)) ?? '', /OneMigrationAtATime/);
  assert.match(
    violatedBy(expand, world([stable({ contract: { state: 'running' } }), view('b', 2, {})], open)) ?? '',
    /OneMigrationAtATime \(step contract of a runs\)/,
  );
});

test('no contract begins while the rollback window is open, unless it is asked for by name', () => {
  const open = { gate: 'none' } as const;
  const early = NOW - HOUR + 1;
  assert.match(violatedBy(contract, world([stable()], open, early)) ?? '', /ContractAfterRollbackWindow/);
  assert.is(violatedBy(contract, world([stable()], open, NOW - HOUR)), undefined);
  assert.is(violatedBy(contract, world([stable()], { ...open, contractAskedFor: '1-a' }, early)), undefined);
  assert.match(
    violatedBy(contract, world([stable()], { ...open, contractAskedFor: '2-b' }, early)) ?? '',
    /ContractAfterRollbackWindow/,
  );
  assert.match(
    violatedBy(contract, world([stable()], { ...open, contract: 'manual' })) ?? '',
    /ContractAfterRollbackWindow/,
  );
});

test('no contract begins of a release that is not stable', () => {
  const other: GuardedAction = { type: 'migrate', revision: 'b', phase: 'contract' };
  assert.match(
    violatedBy(other, world([stable(), view('b', 2, {})], { gate: 'none' })) ?? '',
    /ContractOfStableAlone/,
  );
});

test('a release gets no pod before its migration is done, and the stable one its pods back whatever became of the record', () => {
  const scale = (revision: string): GuardedAction => ({ type: 'scale', revision, replicas: 1 });
  assert.match(
    violatedBy(scale('b'), world([stable(), view('b', 2, { report: pending })])) ?? '',
    /PodsAfterMigration \(b\)/,
  );
  assert.is(
    violatedBy(scale('b'), world([stable(), view('b', 2, {}, { migration: 'complete' })])),
    undefined,
  );
  assert.is(violatedBy(scale('a'), world([view('a', 1, {}, { migration: 'absent' })])), undefined);
});

test('no request goes to a release that a contract migration was run over', () => {
  const done = { state: 'complete', result: result({ applied: ['0003-drop-mail'] }) } as const;
  const former = view(
    'b',
    0,
    { expand: { state: 'complete', result: result({ newest: 1 }) } },
    { ready: 1, replicas: 1 },
  );
  const later = view('b', 2, { expand: { state: 'complete', result: result() } }, { ready: 1, replicas: 1 });
  const route: GuardedAction = { type: 'route', weights: { a: 50, b: 50 } };
  assert.match(
    violatedBy(route, world([stable({ contract: done }), former])) ?? '',
    /NoTrafficAcrossContract \(b: /,
  );
  assert.is(violatedBy(route, world([stable({ contract: done }), later])), undefined);
  assert.is(violatedBy(route, world([stable(), former])), undefined);
});

test('a contract that runs, or of which nobody knows what it did, counts as done', () => {
  const former = view('b', 0, {}, { ready: 1, replicas: 1 });
  const route: GuardedAction = { type: 'route', weights: { a: 50, b: 50 } };
  for (const state of ['running', 'failed', 'complete'] as const)
    assert.match(
      violatedBy(route, world([stable({ contract: { state } }), former])) ?? '',
      /NoTrafficAcrossContract/,
      state,
    );
  const nothing = { state: 'failed', result: result({ applied: [] }) } as const;
  assert.is(violatedBy(route, world([stable({ contract: nothing }), former])), undefined);
});

test.run();
