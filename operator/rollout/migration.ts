import { type Candidate, deadlineOf, expired } from './candidate.ts';
import { type Draft, iso, lookAgain } from './draft.ts';
import { reject } from './endings.ts';
import type { RevisionView } from './state.ts';

/** Whether the revision's migration is done; starts it when the database can take it. */
export function migrated(draft: Draft, view: RevisionView): boolean {
  const { decision, input } = draft;
  if (view.migration === 'complete') return true;
  // A running migration has no deadline here: its Job has one.
  if (view.migration === 'failed')
    decision.summary = `The migration of ${view.image} failed: ${view.problem ?? 'see its Job'}`;
  else if (input.databaseProblem)
    decision.summary = `${view.image} waits for the database: ${input.databaseProblem}`;
  else {
    decision.summary = `The migration of ${view.image} runs${view.problem ? `: ${view.problem}` : ''}`;
    if (view.migration === 'absent') decision.migrate.push(view.revision);
  }
  // The clock of the step starts with the pods. A time that moved at every look would be written at every look, and the
  // write would be the reason for the next one.
  if (draft.memory.candidate?.revision === view.revision) delete draft.memory.candidate.stepStartedAt;
  return false;
}

/** A migration that runs has all the time that its Job gives it; one that cannot start has the candidate's deadline. */
export function waitForMigration(draft: Draft, candidate: Candidate, view: RevisionView): void {
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
