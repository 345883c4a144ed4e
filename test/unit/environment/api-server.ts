import { isDeepStrictEqual } from 'node:util';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import type { RequestOptions } from '../../../operator/kube/transport.ts';

/** The operator's process ends here, with its write done and nothing after it. */
export class Killed extends Error {}

interface Body {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    uid?: string;
    resourceVersion?: string;
    [field: string]: unknown;
  };
  data?: Record<string, string>;
  [field: string]: unknown;
}

interface Target {
  kind: string;
  namespace: string;
  name: string;
  isStatus: boolean;
  isScale: boolean;
}

const KINDS = new Map(Object.values(RESOURCES).map(({ plural, kind }) => [plural as string, kind as string]));
const WITHOUT_GENERATION = ['ConfigMap', 'Service', 'ServiceAccount', 'Secret', 'HorizontalPodAutoscaler'];

/**
 * An API server in a Map, behind the same door as the real one: it takes the requests that `operator/kube/apply.ts`
 * sends. Server-side apply replaces all but status, as one manager owns everything here; a version changes only
 * when the object does; preconditions answer 409. The n-th write can be the last thing that the operator does.
 */
export class ApiServer {
  readonly objects: Map<string, Live>;
  /** Every write of the operator that changed something, as "VERB Kind/name". */
  readonly writes: string[] = [];
  /** The operator dies after so many writes from now. */
  dieAfter = Number.POSITIVE_INFINITY;
  /** Throws in place of an answer, or does something just before the request. */
  intercept: (verb: string, target: Target) => void = () => {};
  version: number;
  clock = () => Date.now();

  constructor(from?: ApiServer) {
    this.objects = new Map(from ? structuredClone([...from.objects]) : []);
    this.version = from?.version ?? 100;
  }

  get<T = Live>(kind: string, name: string): T | undefined {
    return this.objects.get(`${kind}/${name}`) as T | undefined;
  }

  list(kind: string): Live[] {
    return [...this.objects.values()].filter((object) => object.kind === kind);
  }

  /** A write by somebody else than the operator: `change` gets a copy. */
  edit(kind: string, name: string, change: (object: Live) => void): void {
    const before = this.get(kind, name);
    if (!before) throw new Error(`there is no ${kind} ${name}`);
    const after = structuredClone(before);
    change(after);
    this.#store(after, before);
  }

  put(object: Omit<Live, 'metadata'> & { metadata: Record<string, unknown> & { name: string } }): void {
    const kind = object.kind as string;
    this.#store(structuredClone(object) as Live, this.get(kind, object.metadata.name));
  }

  /** A deletion by somebody else than the operator. */
  remove(kind: string, name: string): void {
    const live = this.get(kind, name);
    if (!live) throw new Error(`there is no ${kind} ${name}`);
    if (finalizersOf(live).length === 0) this.drop(kind, name);
    else
      this.edit(kind, name, ({ metadata }) => {
        metadata.deletionTimestamp ??= '2026-01-05T10:00:00Z';
      });
  }

  drop(kind: string, name: string): void {
    if (this.objects.delete(`${kind}/${name}`)) this.version += 1;
  }

  request = async (options: RequestOptions): Promise<unknown> => {
    if (this.dieAfter <= 0) throw new Killed('already');
    const target = targetOf(options);
    const body = structuredClone(options.body) as Body;
    this.intercept(options.method, target);
    const before = this.version;
    const answer = structuredClone(this.#answer(options, target, body));
    if (this.version !== before) {
      const sub = target.isStatus ? ' status' : target.isScale ? ' scale' : '';
      this.writes.push(`${options.method} ${target.kind}${sub}/${target.name}`);
      this.dieAfter -= 1;
      if (this.dieAfter <= 0) throw new Killed(`after ${this.writes.at(-1)}`);
    }
    return answer;
  };

  #answer({ method, contentType }: RequestOptions, target: Target, body: Body): unknown {
    const { kind, name, isStatus } = target;
    const live = this.get(kind, name);
    if (method === 'GET') {
      if (!live) throw refused(404, 'NotFound', `${kind} ${name} not found`);
      return live;
    }
    if (method === 'POST') {
      if (live) throw refused(409, 'AlreadyExists', `${kind} ${name} already exists`);
      return this.#store(body as unknown as Live, undefined);
    }
    if (method === 'DELETE')
      return this.#delete(live, body as unknown as { preconditions: Body['metadata'] }, target);
    if (contentType === 'application/merge-patch+json' || isStatus) {
      if (!live) throw refused(404, 'NotFound', `${kind} ${name} not found`);
    }
    if (live) check(live, body.metadata);
    if (contentType === 'application/merge-patch+json' && !isStatus) {
      const { kind: _, ...merged } = this.#merge(live as Live, body);
      return { kind: target.isScale ? 'Scale' : kind, ...merged };
    }
    if (isStatus) return this.#store({ ...(live as Live), status: body.status }, live);
    const { status: _, ...wanted } = body;
    const applied = { ...wanted, ...(live?.status === undefined ? {} : { status: live.status }) };
    return this.#store(applied as unknown as Live, live);
  }

  #merge(live: Live, { spec, data, metadata: { finalizers, annotations } }: Body): Live {
    const merged = {
      ...live,
      metadata: {
        ...live.metadata,
        ...(finalizers ? { finalizers } : {}),
        ...(annotations
          ? { annotations: withoutNulls({ ...live.metadata.annotations, ...annotations }) }
          : {}),
      },
      spec: { ...(live.spec as object), ...(spec as object | undefined) },
      ...(data ? { data: { ...(live.data as object), ...data } } : {}),
    };
    const stored = this.#store(merged, live);
    if (live.metadata.deletionTimestamp && finalizersOf(stored).length === 0)
      this.drop(live.kind, live.metadata.name);
    return stored;
  }

  #delete(
    live: Live | undefined,
    { preconditions, propagationPolicy }: { preconditions: Body['metadata']; propagationPolicy?: string },
    target: Target,
  ): unknown {
    if (!live) throw refused(404, 'NotFound', `${target.kind} ${target.name} not found`);
    check(live, preconditions);
    this.drop(target.kind, target.name);
    if (propagationPolicy === 'Orphan') this.#orphan(live.metadata.uid);
    return { kind: 'Status', status: 'Success' };
  }

  #orphan(owner: string): void {
    for (const { kind, metadata } of [...this.objects.values()]) {
      if (!metadata.ownerReferences?.some(({ uid }) => uid === owner)) continue;
      this.edit(kind, metadata.name, (object) => {
        object.metadata.ownerReferences = (object.metadata.ownerReferences ?? []).filter(
          ({ uid }) => uid !== owner,
        );
      });
    }
  }

  #store(object: Live, before: Live | undefined): Live {
    const stored = rewritten(object);
    const { resourceVersion: _, uid: __, generation: ___, ...metadata } = stored.metadata;
    const generation =
      (before?.metadata.generation ?? 0) + (isDeepStrictEqual(before?.spec, stored.spec) ? 0 : 1);
    const { uid = `uid-${this.version + 1}`, resourceVersion = '' } = before?.metadata ?? {};
    const { creationTimestamp = new Date(this.clock()).toISOString() } = (before?.metadata ?? metadata) as {
      creationTimestamp?: string;
    };
    const counted = WITHOUT_GENERATION.includes(stored.kind) ? {} : { generation: Math.max(1, generation) };
    const next = {
      ...stored,
      metadata: { ...metadata, uid, resourceVersion, creationTimestamp, ...counted },
    } as Live;
    if (before && isDeepStrictEqual(before, next)) return before;
    this.version += 1;
    next.metadata.resourceVersion = String(this.version);
    this.objects.set(`${next.kind}/${next.metadata.name}`, next);
    return next;
  }
}

/** In a merge patch null takes a key away. */
function withoutNulls(values: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

function finalizersOf({ metadata }: Live): string[] {
  return (metadata as { finalizers?: string[] }).finalizers ?? [];
}

/** As the real one, it keeps quantities in a form of its own. */
function rewritten(object: Live): Live {
  return JSON.parse(
    JSON.stringify(object).replaceAll('"1000m"', '"1"').replaceAll('"1024Mi"', '"1Gi"'),
  ) as Live;
}

function check(live: Live, { uid, resourceVersion }: { uid?: string; resourceVersion?: string }): void {
  if (uid !== undefined && uid !== live.metadata.uid)
    throw refused(409, 'Conflict', `the uid is ${live.metadata.uid}, not ${uid}`);
  if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
    throw refused(409, 'Conflict', `${live.kind} ${live.metadata.name} has been modified`);
}

export function refused(code: number, reason: string, message: string): KubeError {
  return new KubeError('TEST', { code, reason, message });
}

/** /apis/<group>/<version>/namespaces/<namespace>/<plural>[/<name>[/status]], or the same below /api/v1. */
function targetOf({ path, body }: RequestOptions): Target {
  const [plural = '', name, sub] = path
    .slice(path.indexOf('/namespaces/') + 12)
    .split('/')
    .slice(1);
  const kind = KINDS.get(plural);
  if (!kind) throw new Error(`the test's API server does not know ${path}`);
  const namespace = path.split('/namespaces/')[1]?.split('/')[0] ?? '';
  const metadata = { namespace, name: name ?? (body as Body).metadata.name };
  return { kind, ...metadata, isStatus: sub === 'status', isScale: sub === 'scale' };
}
