import { stanzaNumber } from '../backup/repository.ts';
import { type EffectiveSpec, effectiveSpec, type Scheduling } from './effective-spec.ts';
import type { EnvironmentSpec, Tier } from './environment.ts';
import type { EnvironmentStatus } from './status.ts';
import { KIND } from './well-known.ts';

/** A CryptoSenseEnvironment as the API server returns it. */
export interface Environment {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    generation: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    annotations?: Record<string, string>;
    finalizers?: string[];
  };
  spec: EnvironmentSpec;
  status?: EnvironmentStatus;
}

/** The only input of the charts: identity and effective values, nothing that moves. */
export interface ResolvedEnvironment {
  name: string;
  namespace: string;
  spec: EffectiveSpec;
}

export function resolveEnvironment(
  environment: Pick<Environment, 'spec' | 'status'> & { metadata: { name: string; namespace: string } },
): ResolvedEnvironment {
  const { name, namespace } = environment.metadata;
  const { status } = environment;
  const spec = afterRestore(withTls(knownSpec(environment.spec), status?.database), name, status?.backup);
  const { className } = spec.routing.gateway;
  if (className === undefined) return { name, namespace, spec };
  const gateway = { name: names(name).gateway, namespace, className };
  return { name, namespace, spec: { ...spec, routing: { ...spec.routing, gateway } } };
}

/** After a restore in place the log goes to another archive than at birth, and members have the data of that restore. */
function afterRestore(spec: EffectiveSpec, name: string, known: EnvironmentStatus['backup']): EffectiveSpec {
  const { stanza, restored } = known ?? {};
  const number = stanza === undefined ? 1 : stanzaNumber(name, stanza);
  const archived = number === 1 ? spec : { ...spec, backup: { ...spec.backup, stanza: number } };
  return restored === undefined ? archived : { ...archived, database: { ...spec.database, restored } };
}

/** A database that no member was ever seen of is made with TLS; one of before gets it when all of its members serve it. */
function withTls(spec: EffectiveSpec, known: EnvironmentStatus['database']): EffectiveSpec {
  if (known !== undefined && known.tls !== true) return spec;
  const before = WITH_TLS.get(spec);
  if (before) return before;
  const made: EffectiveSpec = { ...spec, database: { ...spec.database, tls: 'required' } };
  if (Object.isFrozen(spec)) WITH_TLS.set(spec, deepFrozen(made));
  return made;
}

/** Of frozen specs, for the same reason as KNOWN. */
const WITH_TLS = new WeakMap<EffectiveSpec, EffectiveSpec>();

/** Of specs that are frozen, as the caches have them: alike ones are one object there, which is looked at again and again. */
const KNOWN = new WeakMap<EnvironmentSpec, EffectiveSpec>();

function knownSpec(spec: EnvironmentSpec): EffectiveSpec {
  if (!Object.isFrozen(spec)) return effectiveSpec(spec);
  const known = KNOWN.get(spec) ?? deepFrozen(effectiveSpec(spec));
  KNOWN.set(spec, known);
  return known;
}

function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const field of Object.values(value)) deepFrozen(field);
  return Object.freeze(value);
}

/** What makes a release: the pods of a revision differ from another's by these values alone. */
export interface ReleaseInputs {
  image: string;
  config: Record<string, string>;
  resources: { cpu: string; memory: string };
  /** Only when something of it was asked for, so that the hash of a release that does without stays what it was. */
  scheduling?: Scheduling;
  pullSecrets?: string[];
}

export function releaseInputs(environment: ResolvedEnvironment): ReleaseInputs {
  const { release, api, scheduling, images } = environment.spec;
  return {
    image: release.image,
    config: release.config,
    resources: api.resources,
    ...(isPlain(scheduling) ? {} : { scheduling }),
    ...(images.pullSecrets.length === 0 ? {} : { pullSecrets: images.pullSecrets }),
  };
}

function isPlain({ nodeSelector, tolerations, spread, priorityClassName }: Scheduling): boolean {
  const isEverywhere = Object.keys(nodeSelector).length === 0 && tolerations.length === 0;
  return isEverywhere && spread === 'preferred' && priorityClassName === undefined;
}

/**
 * The steps of a release's migration, a Job each. report only looks; expand adds, so that the releases before it can still
 * serve; contract takes away what they needed.
 */
export type Phase = 'report' | 'expand' | 'contract';

const JOB_OF: Record<Phase, string> = { report: 'pending', expand: 'migrate', contract: 'contract' };

/** Names of what belongs to the environment `name`. Every name that another object refers to is made here. */
export function names(name: string) {
  return {
    credentials: `${name}-credentials`,
    /** Of the certificates of its database. */
    authority: `${name}-authority`,
    backup: `${name}-backup`,
    backupJob: (hash: string) => `${name}-backup-${hash}`,
    finalBackup: (uid: string) => `${name}-final-${uid.slice(0, 8)}`,
    database: `${name}-database`,
    databaseCheck: (hash: string) => `${name}-database-check-${hash}`,
    recovery: `${name}-recovery`,
    restore: (hash: string, part: 'look' | 'main' = 'main') =>
      `${name}-restore-${hash}${part === 'main' ? '' : `-${part}`}`,
    backupAround: (when: 'before' | 'after', hash: string) => `${name}-${when}-${hash}`,
    databaseMembers: `${name}-database-members`,
    databaseReplicas: `${name}-database-replicas`,
    databaseState: (what: string) => `${name}-database-${what}`,
    pooler: `${name}-pooler`,
    cache: `${name}-cache`,
    cacheMembers: `${name}-cache-members`,
    sentinel: `${name}-sentinel`,
    predictor: `${name}-predictor`,
    gateway: `${name}-gateway`,
    redirect: `${name}-redirect`,
    monitor: name,
    rules: name,
    metrics: (component: Component) => `${name}-${component}-metrics`,
    certificate: `${name}-tls`,
    api: `${name}-api`,
    preview: `${name}-api-preview`,
    revision: (revision: string) => `${name}-api-${revision}`,
    migration: (revision: string, phase: Phase = 'expand') => `${name}-${JOB_OF[phase]}-${revision}`,
    analysis: (hash: string) => `${name}-check-${hash}`,
    forms: (number: number) => `${name}-forms-${number}`,
    network: (component: string) => `${name}-network-${component}`,
  };
}

/** What Patroni remembers of a cluster of members, each in Endpoints of its own. */
export const PATRONI_STATE = ['config', 'failover', 'sync'] as const;

/** Name of the application's database, as the guide has it. */
export function databaseName(tier: Tier): string {
  return tier === 'local' || tier === 'development' ? 'cryptosense_dev' : 'cryptosense';
}

export const MANAGER = 'cryptosense-operator';

/** Keeps a deleted environment there until what belongs to it is deleted in order. */
export const FINALIZER = 'cryptosense.io/environment';

export const LABELS = {
  managedBy: 'app.kubernetes.io/managed-by',
  component: 'app.kubernetes.io/component',
  environment: 'cryptosense.io/environment',
  revision: 'cryptosense.io/revision',
  /** What a ControllerRevision of ours keeps: the forms of the components. */
  keeps: 'cryptosense.io/keeps',
  /** Whose member a pod of the database is. */
  members: 'cryptosense.io/members',
  /** Stays when the environment is deleted, like its volumes: what Patroni remembers of several of them. */
  retained: 'cryptosense.io/retained',
  /** What a member is: master or replica, as Patroni writes it. */
  role: 'cryptosense.io/role',
} as const;

/** Selects everything that the operator made. */
export const MANAGED_SELECTOR = `${LABELS.managedBy}=${MANAGER}`;

export type Component =
  | 'api'
  | 'backup'
  | 'database'
  | 'database-check'
  | 'restore'
  | 'pooler'
  | 'cache'
  | 'sentinel'
  | 'predictor'
  | 'migration'
  | 'analysis'
  | 'routing'
  | 'monitoring'
  | 'network'
  | 'forms';

/**
 * Without app.kubernetes.io/instance: Argo CD before 3.0 finds by it what belongs to an Application, and would prune the
 * volumes of an environment that has the Application's name.
 */
export function labels(environment: string, component: Component): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'cryptosense',
    [LABELS.component]: component,
    [LABELS.managedBy]: MANAGER,
    [LABELS.environment]: environment,
  };
}

/** A Kubernetes object as it is written. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: OwnerReference[];
  };
  [field: string]: unknown;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller: boolean;
  blockOwnerDeletion: boolean;
}

export function ownerReference(environment: Pick<Environment, 'apiVersion' | 'metadata'>): OwnerReference {
  const { name, uid } = environment.metadata;
  return {
    apiVersion: environment.apiVersion,
    kind: KIND,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Label selector of the pods of one revision, as the autoscaler reads it. */
export function selectorOf(environment: string, revision: string): string {
  return `${LABELS.environment}=${environment},${LABELS.component}=api,${LABELS.revision}=${revision}`;
}
