import { milliseconds } from '../api/duration.ts';
import { type Draft, identity, iso, lookAgain, note, readiness, viewOf } from './draft.ts';
import { recordPromotion } from './history.ts';
import { migrated } from './migration.ts';

/** A lost status is rebuilt from the route: what gets the most requests is what was trusted. */
export function recover(draft: Draft): void {
  const [trusted] = Object.entries(draft.input.route?.weights ?? {}).sort(([, a], [, b]) => b - a);
  const view = trusted && draft.views.get(trusted[0]);
  if (!view) return;
  delete draft.memory.deployingSince;
  if (!draft.memory.history) recordPromotion(draft, view, undefined);
  draft.memory.stable = { ...identity(view), since: iso(draft) };
  note(
    draft,
    'Warning',
    'StatusRebuilt',
    `the status was lost: ${view.image} is taken as stable, as the route has it`,
  );
}

/** First deploy: nothing serves yet, so there is nothing to compare with and nothing to go back to. */
export function start(draft: Draft): void {
  const view = viewOf(draft, draft.input.desired);
  draft.decision.progressing = true;
  if (!migrated(draft, view)) {
    if (view.migration === 'failed') {
      const message = `${draft.decision.summary}. Release an image whose migration works, or delete the Job to try it again.`;
      draft.decision.blocked = { reason: 'MigrationFailed', message };
    }
    return;
  }
  draft.decision.replicas[view.revision] = draft.input.replicas;
  // An environment that was scaled to nothing has no pod to wait for.
  if (view.ready < Math.min(1, draft.input.replicas)) {
    draft.decision.summary = `Starting ${view.image}: ${readiness(view, draft.input.replicas)}`;
    watchDeadline(draft);
    return;
  }
  delete draft.memory.deployingSince;
  recordPromotion(draft, view, undefined);
  draft.memory.stable = { ...identity(view), since: iso(draft) };
  note(draft, 'Normal', 'Deployed', `${view.image} is the first release: it serves without a rollout`);
}

/** There is nothing to go back to: past its deadline it is only said that somebody has to look. */
function watchDeadline(draft: Draft): void {
  const { input, memory, decision } = draft;
  const { progressDeadline } = input.policy;
  memory.deployingSince ??= iso(draft);
  const left = Date.parse(memory.deployingSince) + milliseconds(progressDeadline) - input.now;
  if (left > 0) {
    lookAgain(draft, left);
    return;
  }
  const message = `${decision.summary} for more than ${progressDeadline}; there is no earlier release to go back to: mend what is said here, or release another image`;
  decision.blocked = { reason: 'ProgressDeadlineExceeded', message };
}
