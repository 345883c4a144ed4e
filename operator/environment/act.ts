import { randomBytes } from 'node:crypto';
import { type Environment, LABELS, MANAGER, type Manifest } from '../api/resolved.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { API_VERSION } from '../api/well-known.ts';
import {
  type ApplyOptions,
  applyNew,
  applyStatus,
  create,
  mergePatch,
  remove,
  scale,
  serverSideApply,
} from '../kube/apply.ts';
import { answered, KubeError } from '../kube/errors.ts';
import { type KubeObject, pathOf, type Resource } from '../kube/resources.ts';
import { createToApply, isAsMade, takeOver } from '../kube/take-over.ts';
import type { KubeClient } from '../kube/transport.ts';
import { sameJson } from '../rollout/revision.ts';
import type { Action } from './actions.ts';
import { assertOurs } from './adoption.ts';
import { authorityFor } from './authority.ts';
import type { Caches } from './caches.ts';
import { cleared } from './commands.ts';
import { credentialsFor } from './credentials.ts';
import type { Refusal, Refusals } from './growth.ts';
import { recordManifest } from './records.ts';
import { RESOURCES, resourceOf } from './resources.ts';
import { rotateLogin } from './rotate-login.ts';
import type { Live } from './snapshot.ts';

/** By environment and "Kind/name": the live object as our last write left it. */
type Settled = Map<string, Map<string, string>>;

const NO_REFUSALS: Refusals = new Map();

/** Writes; it may die after any of them, with others under way, and what it does twice has the effect of once. */
export class Actor {
  readonly #client: KubeClient;
  readonly #caches: Caches;
  /** Called before every write: throws when this process is not the leader any more. */
  readonly #assertLeading: () => void;
  readonly #settled: Settled = new Map();
  readonly #refusals = new Map<string, Map<string, Refusal>>();

  constructor(options: { client: KubeClient; caches: Caches; assertLeading: () => void }) {
    this.#client = options.client;
    this.#caches = options.caches;
    this.#assertLeading = options.assertLeading;
  }

  /** Whether `live` is as our last write left it. */
  settled = (live: Live): boolean =>
    this.#settled.get(environmentOf(live))?.get(nameOf(live)) === versionOf(live);

  /** Claims of an environment ("namespace/name") whose growth the API server refused. */
  refusals(environment: string): Refusals {
    return this.#refusals.get(environment) ?? NO_REFUSALS;
  }

  /** Nothing is remembered of an environment ("namespace/name") that is gone. */
  forget(environment: string): void {
    this.#settled.delete(environment);
    this.#refusals.delete(environment);
  }

  async perform(action: Action, environment: Environment): Promise<void> {
    const { name, namespace } = environment.metadata;
    this.#assertLeading();
    switch (action.type) {
      case 'createCredentials': {
        const secrets = [
          credentialsFor(environment, () => randomBytes(24).toString('base64url')),
          authorityFor(environment, Date.now()),
        ];
        // What is there is from an earlier life of the environment, with the passwords that its volumes know: keep it.
        for (const secret of secrets)
          await create(this.#client, RESOURCES.secrets, secret).catch((error: unknown) => {
            if (!(error instanceof KubeError && error.code === 409)) throw error;
          });
        return;
      }
      case 'begin':
      case 'end': {
        const { resourceVersion } = environment.metadata;
        const finalizers = action.finalizers ? { finalizers: action.finalizers } : {};
        const replicas =
          'replicas' in action && action.replicas !== undefined
            ? { spec: { replicas: action.replicas } }
            : {};
        const body = { metadata: { resourceVersion, ...finalizers }, ...replicas };
        const by = { fieldManager: MANAGER };
        this.#seen(await mergePatch(this.#client, RESOURCES.environments, namespace, name, body, by));
        return;
      }
      case 'record':
      case 'keepForms':
        await this.#createRecord(recordManifest(action, environment), environment);
        return;
      case 'clearCommands': {
        const { resourceVersion } = environment.metadata;
        const annotations = cleared(environment, action.verbs);
        const body = { metadata: { resourceVersion, annotations } };
        const by = { fieldManager: MANAGER };
        this.#seen(await mergePatch(this.#client, RESOURCES.environments, namespace, name, body, by));
        return;
      }
      case 'apply':
      case 'applyGuarded':
        await this.#apply(action, environment);
        return;
      case 'annotate': {
        const { kind, name: object, uid, resourceVersion, annotations } = action;
        const at = resourceVersion === undefined ? {} : { resourceVersion };
        const body = { metadata: { uid, ...at, annotations } };
        const by = { fieldManager: MANAGER };
        this.#seen(await mergePatch(this.#client, resourceOf(kind), namespace, object, body, by));
        return;
      }
      case 'sayOfBackup': {
        const { name: backup, uid, resourceVersion, status } = action;
        const body = { metadata: { uid, resourceVersion }, status };
        const options = { fieldManager: MANAGER, subresource: 'status' } as const;
        this.#seen(await mergePatch(this.#client, RESOURCES.backups, namespace, backup, body, options));
        return;
      }
      case 'report': {
        const { kind, name: object, uid, resourceVersion, status } = action;
        const metadata = { name: object, namespace };
        const body: Manifest = { apiVersion: API_VERSION, kind, metadata, status };
        const by = { fieldManager: MANAGER, force: true, uid, resourceVersion };
        this.#seen(await applyStatus(this.#client, resourceOf(kind), body, by));
        return;
      }
      case 'rotateLogin':
        await rotateLogin(this.#client, namespace, action);
        return;
      case 'growClaim':
        await this.#growClaim(action, namespace, `${namespace}/${name}`);
        return;
      case 'orphan':
        await this.#remove({ ...action, kind: RESOURCES.statefulSets.kind }, namespace, 'Orphan');
        return;
      case 'delete':
        await this.#remove(action, namespace);
    }
  }

  /** Writes the status when it says something else than what is there. */
  async writeStatus(environment: Environment, status: EnvironmentStatus): Promise<void> {
    if (sameJson(status, environment.status ?? {})) return;
    this.#assertLeading();
    const { apiVersion, kind, metadata } = environment;
    const { name, namespace, uid } = metadata;
    // The uid keeps a status from going to an environment of the same name that came after this one.
    const body: Manifest = {
      apiVersion,
      kind,
      metadata: { name, namespace, uid } as Manifest['metadata'],
      status,
    };
    this.#seen(
      await applyStatus(this.#client, RESOURCES.environments, body, { fieldManager: MANAGER, force: true }),
    );
  }

  /** Whether a volume can grow, only the API server knows without a right to read StorageClasses: its no is kept. */
  async #growClaim(
    { name, size, uid, resourceVersion }: Extract<Action, { type: 'growClaim' }>,
    namespace: string,
    environment: string,
  ): Promise<void> {
    const refusals = this.#refusals.get(environment) ?? new Map<string, Refusal>();
    this.#refusals.set(environment, refusals);
    const body = { metadata: { uid, resourceVersion }, spec: { resources: { requests: { storage: size } } } };
    try {
      this.#seen(await mergePatch(this.#client, RESOURCES.claims, namespace, name, body));
      refusals.delete(name);
    } catch (error) {
      if (!answered(error, 403, 422)) throw error;
      refusals.set(name, { size, message: error.message, at: Date.now() });
    }
  }

  async #remove(
    action: Pick<Extract<Action, { type: 'delete' }>, 'kind' | 'name' | 'uid' | 'resourceVersion'>,
    namespace: string,
    propagationPolicy: 'Background' | 'Orphan' = 'Background',
  ): Promise<void> {
    const { kind, name, uid, resourceVersion } = action;
    const known = this.#caches.get(kind, namespace, name);
    const left = await remove(this.#client, resourceOf(kind), namespace, name, {
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
      propagationPolicy,
    });
    if (left) this.#seen(left);
    else if (known) {
      this.#caches.observeRemoval(known);
      this.#settled.get(environmentOf(known))?.delete(nameOf(known));
    }
  }

  async #apply(action: Extract<Action, { manifest: Manifest }>, environment: Environment): Promise<void> {
    const { manifest } = action;
    const resourceVersion = action.type === 'applyGuarded' ? action.resourceVersion : undefined;
    const written =
      (action.type === 'applyGuarded' ? await this.#scale(action) : undefined) ??
      (action.isNew
        ? await this.#applyNew(action, environment)
        : await this.#applyOver(manifest, resourceVersion ? { resourceVersion } : {}));
    this.#seen(written);
    const key = environmentOf(written as Live);
    const settled = this.#settled.get(key) ?? new Map<string, string>();
    this.#settled.set(key, settled.set(nameOf(written as Live), versionOf(written as Live)));
  }

  /** Writes the number of pods alone where that is enough; undefined when the whole definition is to be written. */
  async #scale(action: Extract<Action, { type: 'applyGuarded' }>): Promise<KubeObject | undefined> {
    const { manifest, scales, resourceVersion } = action;
    const { kind, metadata } = manifest;
    const live = this.#caches.get(kind, metadata.namespace ?? '', metadata.name);
    const isAsSeen =
      live?.metadata.uid === scales?.uid && live?.metadata.resourceVersion === scales?.resourceVersion;
    if (!live || !scales || !isAsSeen) return undefined;
    try {
      const by = { fieldManager: MANAGER };
      return await scale(this.#client, resourceOf(kind), live as KubeObject, scales.replicas, by);
    } catch (error) {
      // Its status has moved on, most often. More pods do no harm to whatever it is now.
      if (resourceVersion !== undefined || !answered(error, 409)) throw error;
      this.#assertLeading();
      return undefined;
    }
  }

  async #applyOver(manifest: Manifest, at: Pick<ApplyOptions, 'resourceVersion'>): Promise<KubeObject> {
    const { kind, metadata } = manifest;
    const known = this.#caches.get(kind, metadata.namespace ?? '', metadata.name);
    if (!known || !isAsMade(known as KubeObject, MANAGER)) return this.#applyForced(manifest, at);
    const path = pathOf(resourceOf(kind), metadata.namespace, metadata.name);
    const there = await this.#client.request<KubeObject>({ method: 'GET', path });
    return this.#applyTaken(manifest, there, at);
  }

  /** Over an object read whole, whose fields may still be those of its making. */
  async #applyTaken(
    manifest: Manifest,
    there: KubeObject,
    { resourceVersion, ...at }: Pick<ApplyOptions, 'resourceVersion' | 'uid'>,
  ): Promise<KubeObject> {
    this.#assertLeading();
    const by = { fieldManager: MANAGER };
    const taken = await takeOver(this.#client, resourceOf(manifest.kind), there, by);
    this.#assertLeading();
    const isAsSeen = resourceVersion === there.metadata.resourceVersion;
    const version = isAsSeen ? taken.metadata.resourceVersion : resourceVersion;
    return this.#applyForced(manifest, {
      ...at,
      ...(version === undefined ? {} : { resourceVersion: version }),
    });
  }

  #applyForced(manifest: Manifest, at: Pick<ApplyOptions, 'resourceVersion' | 'uid'>): Promise<KubeObject> {
    const by = { fieldManager: MANAGER, force: true };
    return serverSideApply(this.#client, resourceOf(manifest.kind), manifest, { ...by, ...at });
  }

  /** Only what is not there, or is the environment's after all, is written: never what is somebody else's. */
  async #applyNew(
    { type, manifest }: Extract<Action, { manifest: Manifest }>,
    environment: Environment,
  ): Promise<KubeObject> {
    const resource = resourceOf(manifest.kind);
    try {
      return await this.#maker(type, manifest.kind)(this.#client, resource, manifest, {
        fieldManager: MANAGER,
      });
    } catch (error) {
      const there = await this.#obstacle(error, resource, manifest, environment);
      if (there.metadata.deletionTimestamp) throw error;
      const { uid, resourceVersion } = there.metadata;
      return this.#applyTaken(manifest, there, { uid, resourceVersion });
    }
  }

  /** An apply costs the API server twice as much as a creation: it is for what moves traffic, which is applied again soon. */
  #maker(type: Action['type'], kind: string): typeof createToApply {
    // Nobody can change a Job: it is never applied.
    if (kind === RESOURCES.jobs.kind) return create;
    return type === 'applyGuarded' ? applyNew : createToApply;
  }

  async #createRecord(record: Manifest, environment: Environment): Promise<void> {
    try {
      this.#seen(await create(this.#client, RESOURCES.controllerRevisions, record));
    } catch (error) {
      await this.#obstacle(error, RESOURCES.controllerRevisions, record, environment);
      throw error;
    }
  }

  /** The object that was in the way, when it may be written. Throws NotOursError when it may not. */
  async #obstacle(
    error: unknown,
    resource: Resource,
    { metadata }: Manifest,
    environment: Environment,
  ): Promise<KubeObject> {
    if (!answered(error, 409)) throw error;
    const path = pathOf(resource, metadata.namespace, metadata.name);
    const there = await this.#client.request<KubeObject>({ method: 'GET', path });
    assertOurs(there, resource, environment);
    return there;
  }

  #seen(object: KubeObject): void {
    this.#caches.observeWrite(object);
  }
}

function environmentOf({ metadata }: Live): string {
  return `${metadata.namespace}/${metadata.labels?.[LABELS.environment]}`;
}

function nameOf({ kind, metadata }: Live): string {
  return `${kind}/${metadata.name}`;
}

/** What changes with every write of the spec: the generation, or for kinds without one the resourceVersion. */
function versionOf({ metadata }: Live): string {
  const { uid, generation, resourceVersion } = metadata;
  return generation === undefined ? `${uid} ${resourceVersion}` : `${uid} g${generation}`;
}
