import { milliseconds } from '../api/duration.ts';
import { type Draft, iso, lookAgain, note, routed } from './draft.ts';
import { gate } from './gate.ts';
import { doneMessage, otherAtWork } from './migration.ts';
import { NO_STEPS } from './schema.ts';
import type { RevisionView, RolloutMemory } from './state.ts';

type Stable = NonNullable<RolloutMemory['stable']>;

/**
 * The contract migrations of the release that serves: when the rollback window is over nobody returns to what they take
 * away. Called when the environment is at rest: no candidate, and the stable release is what the spec asks for.
 */
export function contractWhenDue(draft: Draft): void {
  const { memory, views } = draft;
  const view = memory.stable && views.get(memory.stable.revision);
  if (memory.stable && view) draft.decision.schema = stateOf(draft, memory.stable, view);
}

function stateOf(draft: Draft, stable: Stable, view: RevisionView): NonNullable<Draft['decision']['schema']> {
  const { decision, views } = draft;
  const { contract } = view.schema ?? NO_STEPS;
  const name = `The contract migration of ${view.image}`;
  const because = contract.problem ? `: ${contract.problem}` : '';
  if (contract.state === 'complete')
    return { ready: true, reason: 'Migrated', message: contractedMessage(view) };
  if (contract.state === 'running') {
    decision.progressing = true;
    return { ready: false, reason: 'ContractRunning', message: `${name} runs${because}` };
  }
  if (contract.state === 'failed') {
    const message = `${name} failed${because}. The release serves as before; delete the Job to try it again, or release a mended one.`;
    return { ready: false, reason: 'ContractFailed', message };
  }
  const pending = pendingContract(view, [...views.values()]);
  if (pending.length === 0) return { ready: true, reason: 'Migrated', message: doneMessage(view) };
  const wait = waitOf(draft, stable, view);
  return {
    ready: wait.isFine,
    reason: wait.reason,
    message: `${name} (${pending.join(', ')}) ${wait.message}`,
  };
}

interface Wait {
  /** It is as it was planned. */
  isFine: boolean;
  reason: string;
  message: string;
}

/** What the contract waits for, or that it begins now. */
function waitOf(draft: Draft, stable: Stable, view: RevisionView): Wait {
  const { decision, input, memory } = draft;
  const { migration } = input;
  const command = `annotate the environment with cryptosense.io/contract=${stable.number}-${stable.revision}`;
  // A release of before this version of the operator: its window begins now.
  if (stable.since === undefined) memory.stable = { ...stable, since: iso(draft) };
  const since = Date.parse(memory.stable?.since ?? iso(draft));
  if (!isContractAskedFor(draft.input.migration, stable)) {
    if (migration?.contract === 'manual')
      return {
        isFine: true,
        reason: 'ContractPending',
        message: `waits until somebody asks for it: ${command}`,
      };
    const dueAt = since + milliseconds(input.policy.rollbackWindow);
    if (input.now < dueAt) {
      lookAgain(draft, dueAt - input.now);
      const at = new Date(dueAt).toISOString();
      const message = `runs at ${at}, when the rollback window is over; at once: ${command}`;
      return { isFine: true, reason: 'ContractPending', message };
    }
  }
  if (input.databaseProblem)
    return {
      isFine: false,
      reason: 'WaitingForDatabase',
      message: `waits for the database: ${input.databaseProblem}`,
    };
  const other = otherAtWork(draft.views.values(), { revision: view.revision, phase: 'contract' });
  if (other || !isAlone(draft, stable.revision)) {
    const message = other
      ? `waits for the migration of ${other.view.image}, which runs`
      : 'waits until no other release has pods';
    return { isFine: true, reason: 'WaitingForMigration', message };
  }
  const verdict = migration ? gate(migration, { now: input.now, askedAt: since }) : ({ open: true } as const);
  if (!verdict.open && verdict.fresh !== undefined) decision.backup = verdict.fresh;
  if (!verdict.open)
    return {
      isFine: false,
      reason: verdict.needsSomebody ? 'BackupNeeded' : 'WaitingForBackup',
      message: verdict.message,
    };
  const backup = 'backup' in verdict && verdict.backup !== undefined ? { backup: verdict.backup } : {};
  decision.migrate.push({ revision: view.revision, phase: 'contract', ...backup });
  const behind = 'backup' in backup ? `; backup ${backup.backup} is from before it` : '';
  note(
    draft,
    'Normal',
    'ContractStarted',
    `the contract migration of ${view.image} begins: from here on there is no return to a release before it${behind}`,
  );
  decision.progressing = true;
  return { isFine: false, reason: 'ContractRunning', message: 'begins' };
}

/** Whether the annotation names this very release. */
function isContractAskedFor(
  migration: { contractAskedFor?: string } | undefined,
  { number, revision }: { number: number; revision: string },
): boolean {
  return migration?.contractAskedFor === `${number}-${revision}`;
}

/** What the release has left to contract; when what its migration said is lost, there may be something. */
function pendingContract({ schema = NO_STEPS }: RevisionView, views: RevisionView[]): string[] {
  const { expand, report } = schema;
  const result = expand.result ?? (expand.state === 'absent' ? report.result : undefined);
  const done = new Set(views.flatMap((view) => view.schema?.contract.result?.applied ?? []));
  if (result) return result.pending.contract.filter((file) => !done.has(file));
  return expand.isLost ? ['not known, as what its migration said is lost'] : [];
}

/** Pods of a former release still run on what the contract takes away. */
function isAlone(draft: Draft, revision: string): boolean {
  const others = [...draft.views.values()].filter((view) => view.revision !== revision);
  return (
    others.every(({ replicas, ready }) => replicas === undefined && ready === 0) &&
    routed(draft, { [revision]: 100 })
  );
}

function contractedMessage({ image, schema = NO_STEPS }: RevisionView): string {
  const applied = schema.contract.result?.applied ?? [];
  return applied.length > 0
    ? `${applied.join(', ')} of ${image} ${applied.length === 1 ? 'was' : 'were'} applied.`
    : `The contract migration of ${image} has run.`;
}
