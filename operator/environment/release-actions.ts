import { renderMigration } from '../../charts/render.ts';
import { names, type OwnerReference } from '../api/resolved.ts';
import type { GuardedAction } from '../rollout/invariants.ts';
import { PHASES } from '../rollout/schema.ts';
import type { RolloutDecision } from '../rollout/state.ts';
import { type Action, pushApply } from './actions.ts';
import { stamped } from './drift.ts';
import { owned } from './ownership.ts';
import { podsAction } from './pods-of-release.ts';
import { routerActions } from './router.ts';
import type { Live, RevisionRecord, Snapshot } from './snapshot.ts';
import { Templates } from './templates.ts';

const MIGRATIONS = new Templates(renderMigration);

/** Writes that a decision asks for: migrations, pods and route of every release. */
export function rolloutActions(
  snapshot: Snapshot,
  decision: RolloutDecision,
  records: RevisionRecord[],
  owner: OwnerReference,
  settled: (live: Live) => boolean,
): Action[] {
  const its = names(snapshot.resolved.name);
  const grow: Action[] = [];
  const shrink: Action[] = [];
  const recordOf = (revision: string) => records.find((record) => record.revision === revision);

  for (const { revision, ...step } of decision.migrate) {
    const record = recordOf(revision);
    if (!record) continue;
    // The migration reads the release's own configuration.
    pushApply(grow, snapshot, owned(record.manifests.configMap, owner), settled);
    const { inputs } = record;
    const job = stamped(owned(MIGRATIONS.of(snapshot.resolved, { revision, inputs }, step), owner));
    // A Job cannot be changed: one that an earlier version of the operator has begun is left to end.
    if (snapshot.live(job)) continue;
    const guarded: GuardedAction = { type: 'migrate', revision, phase: step.phase };
    grow.push({
      type: 'applyGuarded',
      manifest: job,
      guarded,
      why: `step ${step.phase} begins`,
      isNew: true,
    });
  }
  for (const [revision, replicas] of Object.entries(decision.replicas)) {
    const record = recordOf(revision);
    if (!record) continue;
    const { deployment, service, configMap } = record.manifests;
    for (const manifest of [configMap, service]) pushApply(grow, snapshot, owned(manifest, owner), settled);
    const wanted = {
      revision,
      deployment,
      replicas,
      restartedAt: decision.memory.restarts?.find((one) => one.revision === revision)?.at,
      shrinks: replicas < (snapshot.views.find((view) => view.revision === revision)?.replicas ?? 0),
    };
    const pods = podsAction(snapshot, wanted, owner, settled);
    if (pods) (wanted.shrinks ? shrink : grow).push(pods);
  }
  const route = routerActions(snapshot, decision, owner, settled);
  for (const revision of decision.remove) {
    const guarded: GuardedAction = { type: 'remove', revision };
    const objects = ['Service', 'ConfigMap'].map((kind) => ({ kind, name: its.revision(revision) }));
    // A finished migration stays as a record that it ran; one that never began must not begin later.
    const view = snapshot.views.find((candidate) => candidate.revision === revision);
    for (const phase of PHASES)
      if (view?.schema?.[phase].state === 'running')
        objects.push({ kind: 'Job', name: its.migration(revision, phase) });
    // Last, because by it the next look sees that the revision is not gone yet.
    objects.push({ kind: 'Deployment', name: its.revision(revision) });
    for (const { kind, name } of objects) {
      const live = snapshot.live({
        kind,
        metadata: { name, namespace: snapshot.resolved.namespace },
      });
      if (live) {
        shrink.push({
          type: 'delete',
          kind,
          name: live.metadata.name,
          uid: live.metadata.uid,
          resourceVersion: live.metadata.resourceVersion,
          guarded,
          why: 'it gets no requests any more',
        });
      }
    }
  }
  // More capacity first, then the traffic, and only then less capacity.
  return [...forgetActions(snapshot, decision), ...grow, ...route, ...shrink];
}

/** Jobs of a migration that are to be done again: the next look finds them missing. */
function forgetActions(snapshot: Snapshot, { forget }: RolloutDecision): Action[] {
  const { name, namespace } = snapshot.resolved;
  return forget.flatMap(({ revision, phase }): Action[] => {
    const live = snapshot.live({
      kind: 'Job',
      metadata: { name: names(name).migration(revision, phase), namespace },
    });
    if (!live || live.metadata.deletionTimestamp) return [];
    const { uid, resourceVersion } = live.metadata;
    const why = `step ${phase} is done again`;
    return [{ type: 'delete', kind: 'Job', name: live.metadata.name, uid, resourceVersion, why }];
  });
}

/** Old records are history: the newest that nothing refers to are kept, besides those of releases that served. */
export function pruneActions(snapshot: Snapshot, decision: RolloutDecision): Action[] {
  const its = names(snapshot.resolved.name);
  const { stable, candidate, rejected, retired, history, undone } = decision.memory;
  const { historyLimit } = snapshot.resolved.spec.rollout;
  const used = new Set([
    snapshot.desired,
    ...[stable, candidate, rejected, undone, ...(retired ?? []), ...(history ?? [])].map(
      (entry) => entry?.revision,
    ),
  ]);
  const views = new Map(snapshot.views.map((view) => [view.revision, view]));
  const unused = snapshot.records
    .filter((record) => !used.has(record.revision) && views.get(record.revision)?.replicas === undefined)
    .sort((a, b) => b.number - a.number)
    .slice(historyLimit);
  const why = `only ${historyLimit} former releases are kept (rollout.historyLimit)`;
  return unused.flatMap(({ revision }): Action[] => [
    ...jobsOf(snapshot, revision).map((name): Action => ({ type: 'delete', kind: 'Job', name, why })),
    { type: 'delete', kind: 'ConfigMap', name: its.revision(revision), why },
    { type: 'delete', kind: 'ControllerRevision', name: its.revision(revision), why },
  ]);
}

/** Names of the Jobs of a revision that are there. */
function jobsOf({ resolved, live }: Snapshot, revision: string): string[] {
  const { name, namespace } = resolved;
  return PHASES.map((phase) => names(name).migration(revision, phase)).filter(
    (job) => live({ kind: 'Job', metadata: { name: job, namespace } }) !== undefined,
  );
}
