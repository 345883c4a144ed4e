import { renderIdleSentinels } from '../../charts/render.ts';
import { type Manifest, names, type OwnerReference } from '../api/resolved.ts';
import { type Action, pushApply } from './actions.ts';
import { withFloor, withRequests } from './autoscaling.ts';
import { withLiveClaims } from './claims.ts';
import { isWithoutPatroni, losesSelector, memberActions, withLeavingMembers } from './database-members.ts';
import { growthOf, isOrphaned } from './growth.ts';
import { formerDataActions, heldFor, heldManifest } from './in-place.ts';
import { owned } from './ownership.ts';
import { checkActions, isHeld } from './settings-check.ts';
import type { Live, Snapshot } from './snapshot.ts';

/** Writes of the components, which are independent of the release: of `manifests`, the forms that they are to have. */
export function componentActions(
  snapshot: Snapshot,
  manifests: readonly Manifest[],
  owner: OwnerReference,
  settled: (live: Live) => boolean,
): Action[] {
  const components: Action[] = [];
  const isHeldForRestore = heldFor(snapshot) !== undefined;
  const isPlain = isWithoutPatroni(manifests, snapshot.resolved.name);
  for (const component of [...manifests, ...idleSentinels(snapshot)]) {
    const live = snapshot.live(component);
    if (losesSelector(component, live) && live) {
      const { name, uid, resourceVersion } = live.metadata;
      const why = 'it is made again without a selector: Patroni leads it to the primary';
      if (!isPlain) components.push({ type: 'delete', kind: 'Service', name, uid, resourceVersion, why });
      continue;
    }
    const growth = growthOf(component, snapshot.live(component), {
      claims: snapshot.all('PersistentVolumeClaim'),
      refusals: snapshot.refusals,
      now: snapshot.now,
    });
    components.push(...growth);
    // Once it is gone the next look makes it again.
    if (isOrphaned(growth, snapshot.live(component))) continue;
    if (isHeld(component, snapshot)) continue;
    const sized = withLeavingMembers(withLiveClaims(component, snapshot.live(component)), snapshot);
    const manifest = withRequests(
      withFloor(sized, snapshot.resolved.spec, snapshot.now),
      snapshot.resolved.spec,
      snapshot.customMetrics,
    );
    const written = isHeldForRestore ? heldManifest(manifest, snapshot) : manifest;
    pushApply(components, snapshot, owned(written, owner), settled);
  }
  components.push(
    ...checkActions(snapshot, owner),
    ...memberActions(snapshot),
    ...formerDataActions(snapshot),
  );
  for (const name of snapshot.oldForms) {
    const why = 'only the newest forms of the components are kept';
    components.push({ type: 'delete', kind: 'ControllerRevision', name, why });
  }
  return components;
}

/** Sentinels that a cache without replicas has left over are sent away. */
function idleSentinels({ resolved, live }: Snapshot): Manifest[] {
  if (resolved.spec.cache.replicas > 1) return [];
  const { name, namespace } = resolved;
  const left = live({ kind: 'StatefulSet', metadata: { name: names(name).sentinel, namespace } });
  return left ? [renderIdleSentinels(resolved)] : [];
}
