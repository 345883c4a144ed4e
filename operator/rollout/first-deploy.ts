import { type Draft, identity, note, readiness, viewOf } from './draft.ts';
import { migrated } from './migration.ts';

/** A lost status is rebuilt from the route: what gets the most requests is what was trusted. */
export function recover(draft: Draft): void {
  const [trusted] = Object.entries(draft.input.route?.weights ?? {}).sort(([, a], [, b]) => b - a);
  const view = trusted && draft.views.get(trusted[0]);
  if (!view) return;
  draft.memory.stable = identity(view);
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
    return;
  }
  draft.memory.stable = identity(view);
  note(draft, 'Normal', 'Deployed', `${view.image} is the first release: it serves without a rollout`);
}
