import { LABELS, type Manifest, names } from '../api/resolved.ts';
import { type Member, memberOf } from '../database/member.ts';
import { isInStep, type Next, nextSteps, primaryOf } from '../database/members.ts';
import type { Action } from './actions.ts';
import type { Live, Snapshot, Workload } from './snapshot.ts';

/** The members of the database, by their numbers. */
export function membersIn(pods: readonly Live[]): Member[] {
  return pods
    .filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'database')
    .map(memberOf)
    .sort((a, b) => a.ordinal - b.ordinal);
}

/** `workload` with what the members say of themselves, as far as they do: without a primary it serves nobody. */
export function withPrimary(workload: Workload, members: readonly Member[]): Workload {
  if (members.every(({ role }) => role === undefined)) return workload;
  const primary = primaryOf(members);
  const late = members.filter((member) => !isInStep(member, primary)).map(({ name }) => name);
  const others = members.length - 1;
  const replicas =
    others === 0
      ? ''
      : late.length === 0
        ? `, ${others} ${others === 1 ? 'replica is' : 'replicas are'} in step`
        : `, not in step: ${late.join(', ')}`;
  // A pod keeps the label after the end of what was in it.
  const who = primary?.ready
    ? `${primary.name} is primary${replicas}.`
    : `No member is primary${primary ? `: ${primary.name} was, and is not ready` : ''}.`;
  return {
    ...workload,
    ready: workload.ready && primary?.ready === true,
    message: `${workload.message} ${who}`,
  };
}

/** What is next for the members of the StatefulSet as it is written now. */
export function nextForMembers({ resolved, live, all }: Pick<Snapshot, 'resolved' | 'live' | 'all'>): Next {
  const { name, namespace, spec } = resolved;
  const metadata = { name: names(name).database, namespace };
  const statefulSet = live({ kind: 'StatefulSet', metadata });
  if (!statefulSet || !isOnDelete(statefulSet)) return { steps: [], waitsFor: '' };
  const { observedGeneration, updateRevision } = (statefulSet.status ?? {}) as {
    observedGeneration?: number;
    updateRevision?: string;
  };
  const isCurrent = observedGeneration === statefulSet.metadata.generation;
  const { hash } = (live({ kind: 'ConfigMap', metadata })?.data ?? {}) as { hash?: string };
  return nextSteps(membersIn(all('Pod')), {
    count: spec.database.members,
    template: isCurrent ? updateRevision : undefined,
    settings: hash,
  });
}

/** The snapshot with what the members wait for. */
export function withMembers(snapshot: Snapshot): Snapshot {
  const { waitsFor } = nextForMembers(snapshot);
  if (waitsFor === '') return snapshot;
  const { database } = snapshot.workloads;
  const said = { ...database, settled: false, message: `${database.message} ${waitsFor}` };
  return { ...snapshot, workloads: { ...snapshot.workloads, database: said } };
}

export function memberActions(snapshot: Snapshot): Action[] {
  return nextForMembers(snapshot).steps.map((step): Action => {
    const { name, uid } = step.member;
    if (step.do === 'replace') return { type: 'delete', kind: 'Pod', name, uid, why: step.why };
    const { annotations, why } = step;
    return { type: 'annotate', kind: 'Pod', name, uid, annotations, why };
  });
}

/**
 * `manifest` with as many members as there are while one that is to go is primary, or while the others still wait for it:
 * an orderly end of all that leave could take the only one along that has every write.
 */
export function withLeavingMembers(manifest: Manifest, snapshot: Snapshot): Manifest {
  const { resolved, live, all } = snapshot;
  if (manifest.kind !== 'StatefulSet' || manifest.metadata.name !== names(resolved.name).database)
    return manifest;
  const now = (live(manifest)?.spec as { replicas?: number } | undefined)?.replicas ?? 0;
  const wanted = (manifest.spec as { replicas: number }).replicas;
  const members = membersIn(all('Pod'));
  if (wanted >= now || members.every(({ role }) => role === undefined)) return manifest;
  const metadata = { name: manifest.metadata.name, namespace: resolved.namespace };
  const { hash } = (live({ kind: 'ConfigMap', metadata })?.data ?? {}) as { hash?: string };
  const primary = primaryOf(members);
  const isSafe = primary !== undefined && primary.ordinal < wanted && primary.settings === hash;
  return isSafe ? manifest : { ...manifest, spec: { ...(manifest.spec as object), replicas: now } };
}

/** A Service that had a selector, and is to have none any more: what was made for it would stay and lead to old pods. */
export function losesSelector(manifest: Manifest, live: Live | undefined): boolean {
  const selectorOf = (object: Live | Manifest | undefined) =>
    (object?.spec as { selector?: object } | undefined)?.selector;
  return manifest.kind === 'Service' && selectorOf(live) !== undefined && selectorOf(manifest) === undefined;
}

/** Whether the form in which the database is kept is one that has no Patroni yet: its Service has to find the pod itself. */
export function isWithoutPatroni(manifests: readonly Manifest[], name: string): boolean {
  const statefulSet = manifests.find(
    ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name === names(name).database,
  );
  return statefulSet !== undefined && !isOnDelete(statefulSet);
}

function isOnDelete({ spec }: Live | Manifest): boolean {
  return (spec as { updateStrategy?: { type?: string } }).updateStrategy?.type === 'OnDelete';
}
