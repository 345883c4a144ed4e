import { LABELS, names } from '../api/resolved.ts';
import { readyAddresses } from '../environment/service-route.ts';
import type { Live } from '../environment/snapshot.ts';
import { canonicalJson } from '../rollout/revision.ts';
import type { MigrationResult } from '../rollout/schema.ts';
import type { PreviewWorld } from './world.ts';

/** What a preview takes for granted; times in milliseconds. */
export interface Assumptions {
  /** From the write until a pod is ready. */
  podStartMs: number;
  /** How long each Job runs (a step of a migration, a trial of settings); it succeeds. */
  jobMs: number;
}

export const ASSUMED: Assumptions = { podStartMs: 10_000, jobMs: 10_000 };

interface Change {
  since: number;
  /** Pods that were ready before, and stay until the new ones are. */
  was: number;
  /** The pods are made anew, not only their number. */
  isReplaced: boolean;
}

interface PodTemplate {
  metadata?: { labels?: Record<string, string> };
}

/** Stands for a migration file: what the image has is known only when its Job has run. */
const SOME_MIGRATION = 'any migration';
const NOTHING_LEFT: MigrationResult = {
  fresh: false,
  newest: 0,
  pending: { expand: [], contract: [] },
  applied: [],
  irreversible: [],
};

/** Pods become ready, Jobs succeed and the gateway answers: what the cluster does when nothing goes wrong. */
export class Behaviour {
  /** Whether the images of this preview have migrations to run. */
  hasMigrations = true;
  readonly #world: PreviewWorld;
  readonly #assumptions: Assumptions;
  readonly #changes = new Map<string, Change>();
  readonly #jobs = new Map<string, number>();

  constructor(world: PreviewWorld, now: number, assumptions: Assumptions) {
    this.#world = world;
    this.#assumptions = assumptions;
    for (const live of [...world.list('Deployment'), ...world.list('StatefulSet')]) {
      const was = readyOf(live);
      if (was < wantedOf(live)) this.#changes.set(keyOf(live), { since: now, was, isReplaced: false });
    }
    for (const job of world.list('Job')) if (!isOver(job)) this.#jobs.set(job.metadata.name, now);
  }

  /** An object was written: the cluster begins to act on it. */
  written(live: Live, before: Live | undefined, now: number): void {
    if (live.kind === 'Job') this.#jobs.set(live.metadata.name, now);
    const isRouter = live.metadata.name === names(this.#world.environment.metadata.name).api;
    const isOther = canonicalJson(live.spec ?? null) !== canonicalJson(before?.spec ?? null);
    if (isRouter && isOther && ['HTTPRoute', 'Service'].includes(live.kind)) this.#world.answeredAt = now;
    const isWorkload = live.kind === 'Deployment' || live.kind === 'StatefulSet';
    if (!isWorkload || canonicalJson(live.spec ?? null) === canonicalJson(before?.spec ?? null)) return;
    const isReplaced = !before || templateOf(live) !== templateOf(before);
    // Fewer pods need no time.
    const isSmaller = !isReplaced && wantedOf(live) <= readyOf(before);
    const since = isSmaller ? now - this.#assumptions.podStartMs : now;
    this.#changes.set(keyOf(live), { since, was: before ? readyOf(before) : 0, isReplaced });
  }

  /** When something happens next by itself; undefined when nothing does. */
  nextAt(now: number): number | undefined {
    const { podStartMs, jobMs } = this.#assumptions;
    const times = [
      ...[...this.#changes.values()].map(({ since }) => since + podStartMs),
      ...[...this.#jobs.values()].map((since) => since + jobMs),
    ].filter((at) => at > now);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Brings everything to where it is at `now`. */
  act(now: number): void {
    for (const [key, change] of this.#changes) this.#grow(key, change, now);
    for (const [name, since] of this.#jobs)
      if (now >= since + this.#assumptions.jobMs) this.#finish(name, now);
    for (const route of this.#world.list('HTTPRoute')) this.#accept(route);
    this.#follow();
    for (const gateway of this.#world.list('Gateway')) this.#program(gateway);
  }

  #grow(key: string, { since, was, isReplaced }: Change, now: number): void {
    const [kind = '', name = ''] = key.split('/');
    const live = this.#world.get(kind, name);
    if (!live) {
      this.#changes.delete(key);
      return;
    }
    const wanted = wantedOf(live);
    const isDone = now >= since + this.#assumptions.podStartMs;
    const ready = isDone ? wanted : Math.min(was, wanted);
    const form = kind === 'StatefulSet' ? { updateRevision: formOf(live) } : {};
    this.#world.setStatus(live, {
      ...form,
      observedGeneration: live.metadata.generation,
      replicas: wanted,
      readyReplicas: ready,
      availableReplicas: ready,
      updatedReplicas: isDone ? wanted : isReplaced ? 0 : ready,
    });
    this.#pods(live, wanted, ready);
    if (isDone) this.#changes.delete(key);
  }

  /** Pods and endpoints of a workload that has changed. */
  #pods(live: Live, wanted: number, ready: number): void {
    const { namespace = '', name } = live.metadata;
    const { template } = live.spec as { template?: PodTemplate };
    const own = template?.metadata?.labels ?? {};
    const labels = live.kind === 'StatefulSet' ? { ...own, 'controller-revision-hash': formOf(live) } : own;
    for (const pod of this.#world.list('Pod'))
      if (isOf(pod, live, labels)) this.#world.drop('Pod', pod.metadata.name);
    for (let i = 0; i < wanted; i++)
      this.#world.put({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `${name}-preview-${i}`, namespace, labels },
        status: { conditions: [{ type: 'Ready', status: i < ready ? 'True' : 'False' }] },
      });
    if (labels[LABELS.revision] === undefined) return;
    const addresses = Array.from({ length: ready }, (_, i) => `${name}-${i}`);
    this.#slice({ name, namespace, labels }, addresses);
  }

  /** The Service that takes the route's place finds the ready pods of one release, or of all. */
  #follow(): void {
    const { name, namespace } = this.#world.environment.metadata;
    const its = names(name);
    const service = this.#world.get('Service', its.api);
    if (!service) return;
    const { selector = {} } = (service.spec ?? {}) as { selector?: Record<string, string> };
    const only = selector[LABELS.revision];
    const slices = this.#world.list('EndpointSlice');
    const found = this.#world
      .list('Service')
      .map(({ metadata }) => metadata.labels?.[LABELS.revision])
      .filter((revision) => revision !== undefined && (only === undefined || revision === only))
      .flatMap((revision) => readyAddresses(slices, its.revision(revision ?? '')));
    if (canonicalJson(found) === canonicalJson(readyAddresses(slices, its.api))) return;
    this.#slice({ name: its.api, namespace, labels: service.metadata.labels ?? {} }, found);
  }

  /** The endpoints of a Service: one slice in place of those that it has. */
  #slice(
    { name, namespace, labels }: { name: string; namespace: string; labels: Record<string, string> },
    addresses: readonly string[],
  ): void {
    const service = 'kubernetes.io/service-name';
    for (const slice of this.#world.list('EndpointSlice'))
      if (slice.metadata.labels?.[service] === name) this.#world.drop('EndpointSlice', slice.metadata.name);
    this.#world.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${name}-preview`, namespace, labels: { ...labels, [service]: name } },
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    });
  }

  #finish(name: string, now: number): void {
    this.#jobs.delete(name);
    const job = this.#world.get('Job', name);
    if (!job) return;
    this.#world.setStatus(job, { conditions: [{ type: 'Complete', status: 'True' }] });
    const { labels = {}, namespace = '', uid } = job.metadata;
    if (labels[LABELS.component] !== 'migration') return;
    const its = names(this.#world.environment.metadata.name);
    const isReport = name === its.migration(labels[LABELS.revision] ?? '', 'report');
    const found =
      this.hasMigrations && isReport ? { expand: [SOME_MIGRATION], contract: [] } : NOTHING_LEFT.pending;
    const result: MigrationResult = {
      ...NOTHING_LEFT,
      pending: found,
      applied: isReport ? [] : [SOME_MIGRATION],
    };
    const terminated = {
      exitCode: 0,
      finishedAt: new Date(now).toISOString(),
      message: JSON.stringify(result),
    };
    const ownerReferences = [
      { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
    ];
    this.#world.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${name}-preview`, namespace, labels, ownerReferences },
      status: { containerStatuses: [{ state: { terminated } }] },
    });
  }

  /** The images of this preview have nothing to migrate after all: their Jobs say so in place of what they have said. */
  withoutMigrations(now: number): void {
    this.hasMigrations = false;
    for (const job of this.#world.list('Job')) {
      if (job.metadata.labels?.[LABELS.component] !== 'migration' || !this.#world.settled(job)) continue;
      const { annotations: _, ...metadata } = job.metadata;
      this.#finish(this.#world.put({ ...job, metadata }).metadata.name, now);
    }
  }

  #accept(route: Live): void {
    if (!this.#world.settled(route)) return;
    const observedGeneration = route.metadata.generation;
    const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
      type,
      status: 'True',
      observedGeneration,
    }));
    this.#world.setStatus(route, { parents: [{ conditions }] });
  }

  #program(gateway: Live): void {
    if (!this.#world.settled(gateway)) return;
    const observedGeneration = gateway.metadata.generation;
    const conditions = ['Accepted', 'Programmed'].map((type) => ({
      type,
      status: 'True',
      reason: type,
      observedGeneration,
    }));
    const { listeners = [] } = gateway.spec as { listeners?: { name: string }[] };
    const { addresses } = (gateway.status ?? {}) as { addresses?: { value: string }[] };
    this.#world.setStatus(gateway, {
      addresses: addresses ?? [],
      conditions,
      listeners: listeners.map(({ name }) => ({ name, conditions: [] })),
    });
  }
}

function isOf(pod: Live, { metadata }: Live, labels: Record<string, string>): boolean {
  if (pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid)) return true;
  const { [LABELS.component]: component, [LABELS.revision]: revision } = pod.metadata.labels ?? {};
  return (
    component === labels[LABELS.component] &&
    revision === labels[LABELS.revision] &&
    pod.metadata.labels?.['batch.kubernetes.io/job-name'] === undefined
  );
}

function keyOf({ kind, metadata }: Live): string {
  return `${kind}/${metadata.name}`;
}

function wantedOf({ spec }: Live): number {
  return (spec as { replicas?: number } | undefined)?.replicas ?? 1;
}

function readyOf(live: Live | undefined): number {
  return (live?.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0;
}

/** In a StatefulSet's controller's words: which template a pod was made from. Here pods are of the newest at once. */
function formOf({ metadata }: Live): string {
  return `preview-${metadata.generation}`;
}

function templateOf({ spec }: Live): string {
  return canonicalJson((spec as { template?: object } | undefined)?.template ?? null);
}

function isOver(job: Live): boolean {
  const { conditions = [] } = (job.status ?? {}) as { conditions?: { type: string; status: string }[] };
  return conditions.some(({ type, status }) => ['Complete', 'Failed'].includes(type) && status === 'True');
}
