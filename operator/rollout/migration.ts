import type { Phase } from '../api/resolved.ts';
import { type Candidate, deadlineOf, expired } from './candidate.ts';
import { type Draft, iso, lookAgain, note } from './draft.ts';
import { reject } from './endings.ts';
import { gate } from './gate.ts';
import { NO_STEPS, PHASES, type SchemaView } from './schema.ts';
import type { RevisionView } from './state.ts';

/** What the migration of a release waits for or does now. */
interface Progress {
  reason: string;
  message: string;
  /** Nobody but a person can change it. */
  isBlocked?: boolean;
  /** What the gate says while it is closed. */
  gate?: string;
  start?: { phase: Phase; backup?: string };
  forget?: Phase;
}

/** Whether the revision's migration is done; begins its next step when the database, the gate and other releases let it. */
export function migrated(draft: Draft, view: RevisionView): boolean {
  const { decision, memory } = draft;
  const candidate = memory.candidate?.revision === view.revision ? memory.candidate : undefined;
  if (view.migration === 'complete') {
    const isNew = candidate !== undefined && candidate.stepStartedAt === undefined;
    if (isNew && (view.schema?.expand.result?.applied.length ?? 0) > 0)
      note(draft, 'Normal', 'Migrated', doneMessage(view));
    if (candidate) delete candidate.gate;
    decision.schema = { ready: true, reason: 'Migrated', message: doneMessage(view) };
    return true;
  }
  const progress = progressOf(draft, view);
  const { reason, message, start, forget } = progress;
  decision.summary = message;
  decision.schema = { ready: false, reason, message };
  if (progress.isBlocked) decision.blocked = { reason, message };
  if (start) {
    decision.migrate.push({ revision: view.revision, ...start });
    const behind = start.backup === undefined ? '' : `; backup ${start.backup} is from before it`;
    // Whether there is anything to do, a release without a gate only finds out by doing it.
    if (start.phase === 'expand' && view.schema?.report.result)
      note(draft, 'Normal', 'MigrationStarted', `the migration of ${view.image} begins${behind}`);
  }
  if (forget) decision.forget.push({ revision: view.revision, phase: forget });
  if (!candidate) return false;
  rememberGate(draft, candidate, progress.gate);
  // The clock of the step starts with the pods. A time that moved at every look would be written at every look, and the
  // write would be the reason for the next one.
  delete candidate.stepStartedAt;
  return false;
}

/** A migration that runs has all the time that its Job gives it; one that cannot start has the candidate's deadline. */
export function waitForMigration(draft: Draft, candidate: Candidate, view: RevisionView): void {
  if (isForgotten(draft, view)) return;
  if (view.migration === 'failed') {
    reject(draft, 'MigrationFailed', view.problem ?? 'its migration failed');
    return;
  }
  if (view.migration === 'absent' || view.problem === undefined) {
    delete candidate.waitingSince;
    return;
  }
  candidate.waitingSince ??= iso(draft);
  if (expired(draft, candidate)) {
    const { progressDeadline } = draft.input.policy;
    reject(
      draft,
      'ProgressDeadlineExceeded',
      `its migration did not start in ${progressDeadline}: ${view.problem}`,
    );
    return;
  }
  lookAgain(draft, deadlineOf(draft, candidate) - draft.input.now);
}

/** A release that is asked for again looks anew: what failed is tried again, and what was found pending may be old. */
export function askAgain(draft: Draft, { revision, migration, schema = NO_STEPS }: RevisionView): void {
  if (migration === 'complete' || schema.expand.state === 'running') return;
  for (const phase of ['report', 'expand'] as const)
    if (schema[phase].state === 'complete' || schema[phase].state === 'failed')
      draft.decision.forget.push({ revision, phase });
}

/** Another release whose migration is at work, and the step that it is at. */
export function otherAtWork(
  views: Iterable<RevisionView>,
  own: { revision: string; phase?: Phase },
): { view: RevisionView; phase: Phase } | undefined {
  for (const view of views) {
    const { schema = NO_STEPS } = view;
    const phase = PHASES.find(
      (one) => schema[one].state === 'running' && !(view.revision === own.revision && one === own.phase),
    );
    if (phase) return { view, phase };
  }
  return undefined;
}

function progressOf(draft: Draft, view: RevisionView): Progress {
  const { input, views } = draft;
  const { image, problem } = view;
  const schema: SchemaView = view.schema ?? NO_STEPS;
  if (isForgotten(draft, view))
    return { reason: 'MigrationPending', message: `The migration of ${image} is tried again` };
  if (view.migration === 'failed')
    return {
      reason: 'MigrationFailed',
      message: `The migration of ${image} failed: ${problem ?? 'see its Job'}`,
    };
  if (input.databaseProblem)
    return {
      reason: 'WaitingForDatabase',
      message: `${image} waits for the database: ${input.databaseProblem}`,
    };
  if (view.migration === 'running') {
    const verb = schema.report.state === 'running' ? 'is looked for' : 'runs';
    return {
      reason: 'MigrationRunning',
      message: `The migration of ${image} ${verb}${problem ? `: ${problem}` : ''}`,
    };
  }
  const other = otherAtWork(views.values(), { revision: view.revision });
  if (other) {
    const message = `${image} waits for the migration of ${other.view.image}, which runs`;
    return { reason: 'WaitingForMigration', message };
  }
  const runs = (phase: Phase, backup?: string): Progress => ({
    reason: 'MigrationRunning',
    message: `The migration of ${image} ${phase === 'report' ? 'is looked for' : 'runs'}`,
    start: backup === undefined ? { phase } : { phase, backup },
  });
  const { migration } = input;
  if (migration === undefined || migration.gate === 'none') return runs('expand');
  const { report } = schema;
  if (report.state === 'absent') return runs('report');
  if (report.isLost)
    return {
      reason: 'MigrationPending',
      message: `What the migration of ${image} found is lost with its pod: it is looked for again`,
      forget: 'report',
    };
  // Nothing is there that could be lost.
  if (report.result?.fresh) return runs('expand');
  const verdict = gate(migration, { now: input.now, askedAt: report.createdAt ?? input.now });
  if (verdict.open) return runs('expand', verdict.backup);
  if (verdict.fresh !== undefined) draft.decision.backup = verdict.fresh;
  const pending = report.result?.pending.expand ?? [];
  const what = pending.length > 0 ? ` (${pending.join(', ')})` : '';
  return {
    reason: verdict.needsSomebody ? 'BackupNeeded' : 'WaitingForBackup',
    message: `The migration of ${image}${what} ${verdict.message}`,
    isBlocked: verdict.needsSomebody,
    gate: verdict.message,
  };
}

/** What is known of its migration is of an earlier try. */
function isForgotten({ decision }: Draft, { revision }: RevisionView): boolean {
  return decision.forget.some((step) => step.revision === revision);
}

/** What the gate waits for, in status and once in an Event. */
function rememberGate(draft: Draft, candidate: Candidate, message: string | undefined): void {
  if (message === undefined) {
    delete candidate.gate;
    return;
  }
  const known = candidate.gate;
  const said = message.slice(0, 1024);
  if (known?.message === said) return;
  candidate.gate = { since: known?.since ?? iso(draft), message: said };
  note(draft, 'Normal', 'WaitingForBackup', `the migration of ${candidate.image} ${said}`);
}

/** What the migration of a release came to, as a sentence. */
export function doneMessage({ image, schema = NO_STEPS }: RevisionView): string {
  const { expand, report } = schema;
  const applied = expand.result?.applied;
  if (applied && applied.length > 0) {
    const behind = expand.backup === undefined ? '' : ` after backup ${expand.backup}`;
    return `${applied.join(', ')} of ${image} ${applied.length === 1 ? 'was' : 'were'} applied${behind}.`;
  }
  if (applied || report.result) return `${image} has no pending migration: it needed no backup.`;
  return `The migration of ${image} has run.`;
}
