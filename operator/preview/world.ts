import { type Environment, LABELS, type Manifest } from '../api/resolved.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import type { Action } from '../environment/actions.ts';
import type { Caches } from '../environment/caches.ts';
import { cleared } from '../environment/commands.ts';
import { recordManifest } from '../environment/records.ts';
import { environmentOf } from '../environment/resources.ts';
import type { Live } from '../environment/snapshot.ts';
import type { KubeObject } from '../kube/resources.ts';
import { canonicalJson } from '../rollout/revision.ts';
import { type Assumptions, Behaviour } from './behaviour.ts';

/** What is read of a cluster before anything is thought through. */
export interface Observed {
  /** Everything that carries the environment's label. */
  objects: Live[];
  /** Kinds that the cluster has. */
  kinds: ReadonlySet<string>;
  /** API groups that it serves. */
  groups: ReadonlySet<string>;
}

/** An object as it is written: the API server gives it its identity. */
interface Unversioned {
  apiVersion: string;
  kind: string;
  metadata: Omit<Live['metadata'], 'uid' | 'resourceVersion'>;
  [field: string]: unknown;
}

/**
 * One environment and what belongs to it, in memory: writes are carried out here as the API server would, and pods, Jobs
 * and the gateway do what they do when nothing goes wrong. Nothing leaves this process.
 */
export class PreviewWorld {
  environment: Environment;
  credentials: boolean;
  /** When the gateway's last answer came, where it came in this preview. */
  answeredAt: number | undefined;
  /** What the operator of the caches sees. */
  readonly caches: Pick<Caches, 'get' | 'of' | 'has' | 'serves'>;
  readonly behaviour: Behaviour;
  readonly #objects: Map<string, Live>;
  /** Objects that were written here: they are as they were written. */
  readonly #written = new Set<Live>();
  #version = 0;

  constructor(environment: Environment, observed: Observed, now: number, assumptions: Assumptions) {
    this.environment = structuredClone(environment);
    this.credentials = environment.status?.conditions !== undefined;
    this.#objects = new Map(observed.objects.map((live) => [keyOf(live), silenced(structuredClone(live))]));
    this.caches = {
      get: (kind, _namespace, name) => this.#objects.get(`${kind}/${name}`),
      of: (kind, _namespace, name) => this.list(kind).filter((live) => environmentOf(asKube(live)) === name),
      has: (kind) => observed.kinds.has(kind),
      serves: (group) => observed.groups.has(group),
    };
    this.behaviour = new Behaviour(this, now, assumptions);
  }

  settled = (live: Live): boolean => this.#written.has(live);

  list(kind: string): Live[] {
    return [...this.#objects.values()].filter((live) => live.kind === kind);
  }

  get(kind: string, name: string): Live | undefined {
    return this.#objects.get(`${kind}/${name}`);
  }

  /** Puts an object in the place of the one of its kind and name; the version is a new one. */
  put(object: Unversioned): Live {
    const before = this.get(object.kind, object.metadata.name);
    this.#version += 1;
    const isSame = canonicalJson(before?.spec ?? null) === canonicalJson(object.spec ?? null);
    const { uid = `preview-${this.#version}`, generation = 0 } = before?.metadata ?? {};
    const live = {
      ...object,
      metadata: {
        ...object.metadata,
        uid,
        resourceVersion: `preview-${this.#version}`,
        generation: isSame ? Math.max(1, generation) : generation + 1,
      },
    } as Live;
    this.#objects.set(keyOf(live), live);
    this.#written.add(live);
    return live;
  }

  setStatus(live: Live, status: object): void {
    const next = { ...live, status };
    this.#objects.set(keyOf(live), next);
    if (this.#written.has(live)) this.#written.add(next);
  }

  drop(kind: string, name: string): void {
    const live = this.get(kind, name);
    this.#objects.delete(`${kind}/${name}`);
    for (const other of this.#objects.values())
      if (live && other.metadata.ownerReferences?.some(({ uid }) => uid === live.metadata.uid))
        this.drop(other.kind, other.metadata.name);
  }

  writeStatus(status: EnvironmentStatus): void {
    this.environment = { ...this.environment, status };
  }

  /** Carries a write out. */
  write(action: Action, now: number): void {
    switch (action.type) {
      case 'begin':
        this.#begin(action);
        return;
      case 'createCredentials':
        this.credentials = true;
        return;
      case 'record':
      case 'keepForms':
        this.put(recordManifest(action, this.environment));
        return;
      case 'apply':
      case 'applyGuarded':
        this.#apply(action.manifest, now);
        return;
      case 'annotate': {
        const live = this.get(action.kind, action.name);
        if (live) this.#annotate(live, action.annotations);
        return;
      }
      case 'clearCommands': {
        const gone = cleared(this.environment, action.verbs);
        const annotations = Object.entries(this.environment.metadata.annotations ?? {});
        this.annotate(Object.fromEntries(annotations.filter(([key]) => !(key in gone))));
        return;
      }
      case 'growClaim': {
        const live = this.get('PersistentVolumeClaim', action.name);
        const storage = { storage: action.size };
        if (live)
          this.setStatus(
            { ...live, spec: { ...(live.spec as object), resources: { requests: storage } } },
            { phase: 'Bound', capacity: storage },
          );
        return;
      }
      case 'orphan':
        this.#objects.delete(`StatefulSet/${action.name}`);
        return;
      case 'delete':
        this.drop(action.kind, action.name);
        return;
      case 'end':
    }
  }

  /** The annotations of the environment, as somebody would write them. */
  annotate(annotations: Record<string, string>): void {
    const { metadata } = this.environment;
    this.environment = { ...this.environment, metadata: { ...metadata, annotations } };
  }

  #begin({ finalizers, replicas }: Extract<Action, { type: 'begin' }>): void {
    const { metadata, spec } = this.environment;
    const generation = metadata.generation + (replicas === undefined ? 0 : 1);
    this.environment = {
      ...this.environment,
      metadata: { ...metadata, generation, ...(finalizers ? { finalizers } : {}) },
      spec: { ...spec, ...(replicas === undefined ? {} : { replicas }) },
    };
  }

  #apply(manifest: Manifest, now: number): void {
    const before = this.get(manifest.kind, manifest.metadata.name);
    const annotations = { ...before?.metadata.annotations, ...manifest.metadata.annotations };
    const live = this.put({
      ...manifest,
      metadata: { ...manifest.metadata, annotations },
      ...(before?.status === undefined ? {} : { status: before.status }),
    });
    this.behaviour.written(live, before, now);
  }

  #annotate(live: Live, annotations: Record<string, string>): void {
    const metadata = { ...live.metadata, annotations: { ...live.metadata.annotations, ...annotations } };
    const next = { ...live, metadata };
    this.#objects.set(keyOf(live), next);
    this.#written.add(next);
  }
}

function keyOf({ kind, metadata }: Live): string {
  return `${kind}/${metadata.name}`;
}

function asKube(live: Live): KubeObject {
  return live as unknown as KubeObject;
}

/** Members of a database report by their pods, which nobody does here: they are pods like any others. */
function silenced(live: Live): Live {
  if (live.kind !== 'Pod') return live;
  const { [LABELS.role]: _, ...labels } = live.metadata.labels ?? {};
  const { status: __, ...annotations } = live.metadata.annotations ?? {};
  return { ...live, metadata: { ...live.metadata, labels, annotations } };
}
