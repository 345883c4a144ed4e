import type { Manifest, OwnerReference } from '../api/resolved.ts';
import type { Action } from './actions.ts';
import { reasonToApply, stamped } from './drift.ts';
import { owned } from './ownership.ts';
import type { Live, Snapshot } from './snapshot.ts';

/** What the Deployment of a release is to be. */
interface Wanted {
  revision: string;
  /** As the release was recorded, without a number of pods. */
  deployment: Manifest;
  replicas: number;
  /** When somebody last asked for new pods of the same release. */
  restartedAt: string | undefined;
  /** There were more pods: it is done only to what the plan has seen. */
  shrinks: boolean;
}

/**
 * The write that gives a release its pods, undefined when it has them. The number is no part of the definition: where
 * nothing else differs, the write may be one of the number alone, which costs the API server a quarter of an apply.
 */
export function podsAction(
  snapshot: Pick<Snapshot, 'live'>,
  { revision, deployment, replicas, restartedAt, shrinks }: Wanted,
  owner: OwnerReference,
  settled: (live: Live) => boolean,
): Extract<Action, { type: 'applyGuarded' }> | undefined {
  const definition = stamped(owned(withRestart(deployment, restartedAt), owner));
  const live = snapshot.live(definition);
  const change = reasonToApply(definition, live, settled);
  const now = (live?.spec as { replicas?: number } | undefined)?.replicas;
  if (!change && now === replicas) return undefined;
  const seen = live && { uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion };
  return {
    type: 'applyGuarded',
    manifest: withReplicas(definition, replicas),
    guarded: { type: 'scale', revision, replicas },
    why: `${change ?? `it has ${now ?? 'no number of'} replicas`}: ${replicas} replicas`,
    isNew: live === undefined,
    ...(change || !seen ? {} : { scales: { ...seen, replicas } }),
    ...(shrinks && seen ? { resourceVersion: seen.resourceVersion } : {}),
  };
}

function withReplicas(deployment: Manifest, replicas: number): Manifest {
  return { ...deployment, spec: { ...(deployment.spec as object), replicas } };
}

/** The last answer for a frozen Deployment: the same object is stamped and compared once. */
const RESTARTED = new WeakMap<Manifest, { at: string; restarted: Manifest }>();

const RESTARTED_AT = 'cryptosense.io/restarted-at';

/** Another template makes other pods, which the Deployment brings up one by one before the old ones go. */
function withRestart(deployment: Manifest, at: string | undefined): Manifest {
  if (at === undefined) return deployment;
  const known = RESTARTED.get(deployment);
  if (known?.at === at) return known.restarted;
  const { template, ...spec } = deployment.spec as { template: Manifest };
  const annotations = { ...template.metadata.annotations, [RESTARTED_AT]: at };
  const marked = { ...template, metadata: { ...template.metadata, annotations } };
  const restarted = { ...deployment, spec: { ...spec, template: marked } };
  if (!Object.isFrozen(deployment)) return restarted;
  RESTARTED.set(deployment, { at, restarted: Object.freeze(restarted) });
  return restarted;
}
