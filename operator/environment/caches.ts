import type { Environment } from '../api/resolved.ts';
import { ApiGroups } from '../kube/discovery.ts';
import type { Log } from '../kube/log.ts';
import { Reflector } from '../kube/reflector.ts';
import type { KubeObject, Resource } from '../kube/resources.ts';
import type { KubeClient } from '../kube/transport.ts';
import { environmentOf, RESOURCES, WATCHED, watchSelector } from './resources.ts';
import type { Live } from './snapshot.ts';

const BY_ENVIRONMENT = 'environment';

/** What the operator knows of the cluster: environments, and everything that carries its label. */
export class Caches {
  readonly #environments: Reflector<KubeObject>;
  readonly #groups: ApiGroups;
  #groupsKnown: Promise<void> | undefined;
  readonly #owned = new Map<string, Reflector<KubeObject>>();

  constructor(options: {
    client: KubeClient;
    namespace?: string;
    log: Log;
    /** Called with "namespace/name" of the environment that something happened to. */
    onChange: (key: string) => void;
  }) {
    const { client, namespace, log, onChange } = options;
    const shared = { client, log, ...(namespace ? { namespace } : {}) };
    this.#environments = new Reflector<KubeObject>({
      ...shared,
      resource: RESOURCES.environments,
      onChange: (_event, object) => onChange(keyOf(object.metadata.namespace ?? '', object.metadata.name)),
    });
    this.#groups = new ApiGroups({
      client,
      log,
      onChange: () => {
        for (const { metadata } of this.environments()) onChange(keyOf(metadata.namespace, metadata.name));
      },
    });
    for (const resource of WATCHED) {
      const labelSelector = watchSelector(resource);
      this.#owned.set(
        resource.kind,
        new Reflector<KubeObject>({
          ...shared,
          resource: resource as Resource,
          ...(labelSelector === undefined ? {} : { labelSelector }),
          ...(resource.kind === RESOURCES.pods.kind ? { trim: withoutSpec } : {}),
          // What could not be written before can be now, for any environment.
          onAvailability: () => {
            for (const { metadata } of this.environments())
              onChange(keyOf(metadata.namespace, metadata.name));
          },
          indexes: {
            [BY_ENVIRONMENT]: (object: KubeObject) => {
              const environment = environmentOf(object);
              return environment ? [keyOf(object.metadata.namespace ?? '', environment)] : [];
            },
          },
          onChange: (_event, object) => {
            const environment = environmentOf(object);
            if (environment) onChange(keyOf(object.metadata.namespace ?? '', environment));
          },
        }),
      );
    }
  }

  start(signal: AbortSignal): void {
    for (const reflector of this.#all()) void reflector.start(signal);
    this.#groupsKnown = this.#groups.start(signal);
  }

  /** Resolves when the first picture is complete. A resource type that the cluster lacks is not waited for. */
  async synced(): Promise<void> {
    await Promise.all([...this.#all().map((reflector) => reflector.synced), this.#groupsKnown]);
  }

  /** What keeps the picture from being complete and does not pass by itself, in one sentence. */
  problem(): string | undefined {
    const problems = this.#all().flatMap(({ problem }) => problem ?? []);
    const [first] = problems;
    return problems.length > 1 ? `${first}, and ${problems.length - 1} more of the kind` : first;
  }

  environment(namespace: string, name: string): Environment | undefined {
    return this.#environments.store.get(namespace, name) as Environment | undefined;
  }

  environments(): Environment[] {
    return this.#environments.store.list() as unknown as Environment[];
  }

  get(kind: string, namespace: string, name: string): Live | undefined {
    return this.#reflector(kind).store.get(namespace, name) as Live | undefined;
  }

  /** Objects of `kind` that carry the label of the environment; backups of it. */
  of(kind: string, namespace: string, environment: string): Live[] {
    return this.#reflector(kind).store.byIndex(
      BY_ENVIRONMENT,
      keyOf(namespace, environment),
    ) as unknown as Live[];
  }

  /** Whether the cluster has the resource type at all. */
  has(kind: string): boolean {
    return this.#reflector(kind).available;
  }

  /** Whether the cluster serves the API group. */
  serves(group: string): boolean {
    return this.#groups.has(group);
  }

  /** A cache that lags must not bring back what was there before our own write. */
  observeWrite(object: KubeObject): void {
    const reflector =
      object.kind === RESOURCES.environments.kind ? this.#environments : this.#owned.get(object.kind);
    reflector?.store.observeWrite(object);
  }

  /** The same for an object that our own write removed. */
  observeRemoval(object: Live): void {
    this.#owned.get(object.kind)?.store.observeRemoval(object as unknown as KubeObject);
  }

  #all(): Reflector<KubeObject>[] {
    return [this.#environments, ...this.#owned.values()];
  }

  #reflector(kind: string): Reflector<KubeObject> {
    const reflector = this.#owned.get(kind);
    if (!reflector) throw new Error(`kind ${kind} is not watched`);
    return reflector;
  }
}

/** Pods are looked at, not written: what they were asked to be is in the workload that made them. */
function withoutSpec({ spec: _, ...pod }: KubeObject): KubeObject {
  return pod as KubeObject;
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
