import type { EnvironmentSpec, Tier } from './environment.ts';
import { TIERS } from './tiers.ts';

type Defaults<T> = T extends readonly (infer _U)[]
  ? T
  : T extends object
    ? { [K in keyof T]-?: Defaults<NonNullable<T[K]>> }
    : T;

/** A spec in which every field has its effective value; only what the cluster decides may be absent. */
export interface EffectiveSpec {
  tier: Tier;
  /** Absent until the autoscaler or a person writes it; the floor of the autoscaler is used then. */
  replicas?: number;
  release: { image: string; config: Record<string, string>; migration: Migration };
  rollout: EffectiveRollout;
  api: { resources: Resources };
  autoscaling: {
    minReplicas: number;
    maxReplicas: number;
    cpuUtilization: number;
    /** Requests a minute and pod; absent when only CPU counts. */
    requestsPerMinute?: number;
    quietHours?: QuietHours;
  };
  database: Volume & {
    image: string;
    members: number;
    durability: 'strict' | 'available';
    resources: Resources;
    parameters: Record<string, string>;
    /** Names the restore in place that the data is of, as status remembers. */
    restored?: string;
    /** Every member serves TLS: who connects verifies it, and without it nobody is let in. As status remembers. */
    tls?: 'required';
  };
  pooler: {
    image: string;
    replicas: number;
    maxClientConnections: number;
    poolSize: number;
    reservePoolSize: number;
    /** Without it nothing leads to the replicas. */
    replicaPoolSize?: number;
    resources: Resources;
  };
  cache: Volume & { image: string; replicas: number; resources: Resources };
  /** Without an image it runs that of the stable release. */
  predictor: { enabled: boolean; image?: string; replicas: number; resources: Resources; spot: boolean };
  routing: {
    /** service: there is no gateway, and what is said of one here has no effect. */
    mode: 'gateway' | 'service';
    /** className: the operator makes the Gateway; its name and namespace are those of the environment then. */
    gateway: { name: string; namespace: string; className?: string };
    hostnames: string[];
    tls?: NonNullable<NonNullable<EnvironmentSpec['routing']>['tls']>;
  };
  backup: {
    enabled: boolean;
    schedule: string;
    retention: Defaults<NonNullable<Backup['retention']>>;
    /** Number of the archive that the log goes to; above 1 after a restore, as status remembers. */
    stanza?: number;
  } & Omit<Backup, 'enabled' | 'schedule' | 'retention'>;
  recovery?: NonNullable<EnvironmentSpec['recovery']>;
  maintenance: { window: { days: Weekday[]; start: string; duration: string } };
  observability: {
    serviceMonitor: { enabled: boolean; interval: string; labels: Record<string, string> };
    rules: { enabled: boolean; paging: boolean; labels: Record<string, string>; runbooks?: string };
    exporters: { enabled: boolean; image: string; resources: Resources };
  };
  notifications: { webhooks: Webhook[]; link?: string };
  network: {
    policies: boolean;
    clients: NonNullable<NonNullable<EnvironmentSpec['network']>['clients']>;
    egress: NonNullable<NonNullable<EnvironmentSpec['network']>['egress']>;
  };
  scheduling: Scheduling;
  images: { pullSecrets: string[] };
  deletionProtection: boolean;
  paused: boolean;
}

export type Migration = Defaults<NonNullable<EnvironmentSpec['release']['migration']>>;

type Rollout = NonNullable<EnvironmentSpec['rollout']>;
type BlueGreen = NonNullable<Rollout['blueGreen']>;
type AnalysesOfSwitch = 'prePromotionAnalysis' | 'postPromotionAnalysis';

type EffectiveRollout = Defaults<Omit<Rollout, 'blueGreen'>> & {
  /** There is no analysis around the switch but the one that is asked for. */
  blueGreen: Defaults<Omit<BlueGreen, AnalysesOfSwitch>> & Pick<BlueGreen, AnalysesOfSwitch>;
};

type Backup = NonNullable<EnvironmentSpec['backup']>;
type QuietHours = NonNullable<NonNullable<EnvironmentSpec['autoscaling']>['quietHours']>;
type Window = NonNullable<NonNullable<EnvironmentSpec['maintenance']>['window']>;
/** A receiver of messages, as it is written: what is absent has no tier's default. */
export type Webhook = NonNullable<NonNullable<EnvironmentSpec['notifications']>['webhooks']>[number];
export type Weekday = NonNullable<Window['days']>[number];

/** Where the pods may run. */
export interface Scheduling {
  nodeSelector: Record<string, string>;
  tolerations: NonNullable<NonNullable<EnvironmentSpec['scheduling']>['tolerations']>;
  spread: 'preferred' | 'required';
  priorityClassName?: string;
}

interface Volume {
  storage: string;
  /** The cluster's default when absent. */
  storageClassName?: string;
}

/** What one pod asks for; memory is request and limit. */
export interface Resources {
  cpu: string;
  memory: string;
}

/** Fills what `spec` leaves out with the defaults of its tier. Pure; `spec` has passed the schema. */
export function effectiveSpec(spec: EnvironmentSpec): EffectiveSpec {
  const base = TIERS[spec.tier];
  const effective: EffectiveSpec = {
    tier: spec.tier,
    release: {
      image: spec.release.image,
      config: { ...base.release.config, ...spec.release.config },
      migration: { ...base.release.migration, ...defined(spec.release.migration) },
    },
    rollout: {
      ...base.rollout,
      ...defined(spec.rollout),
      canary: {
        ...base.rollout.canary,
        ...defined(spec.rollout?.canary),
        analysis: { ...base.rollout.canary.analysis, ...defined(spec.rollout?.canary?.analysis) },
      },
      blueGreen: { ...base.rollout.blueGreen, ...defined(spec.rollout?.blueGreen) },
      rolling: { ...base.rollout.rolling, ...defined(spec.rollout?.rolling) },
    },
    api: { resources: resources(base.api.resources, spec.api?.resources) },
    autoscaling: { ...base.autoscaling, ...defined(spec.autoscaling) },
    database: {
      ...pods(base.database, spec.database),
      parameters: { ...base.database.parameters, ...spec.database?.parameters },
    },
    pooler: pods(base.pooler, spec.pooler),
    cache: pods(base.cache, spec.cache),
    predictor: pods(base.predictor, spec.predictor),
    routing: {
      mode: spec.routing?.mode ?? base.routing.mode,
      gateway: { ...base.routing.gateway, ...defined(spec.routing?.gateway) },
      hostnames: spec.routing?.hostnames ?? base.routing.hostnames,
      ...(spec.routing?.tls ? { tls: spec.routing.tls } : {}),
    },
    backup: {
      ...base.backup,
      ...defined(spec.backup),
      retention: { ...base.backup.retention, ...defined(spec.backup?.retention) },
    },
    ...(spec.recovery ? { recovery: spec.recovery } : {}),
    maintenance: { window: { ...base.maintenance.window, ...defined(spec.maintenance?.window) } },
    observability: {
      serviceMonitor: {
        ...base.observability.serviceMonitor,
        ...defined(spec.observability?.serviceMonitor),
      },
      rules: { ...base.observability.rules, ...defined(spec.observability?.rules) },
      exporters: pods(base.observability.exporters, spec.observability?.exporters),
    },
    notifications: { ...base.notifications, ...defined(spec.notifications) },
    network: { ...base.network, ...defined(spec.network) },
    scheduling: { ...base.scheduling, ...defined(spec.scheduling) },
    images: { ...base.images, ...defined(spec.images) },
    deletionProtection: spec.deletionProtection ?? base.deletionProtection,
    paused: spec.paused ?? base.paused,
  };
  return spec.replicas === undefined ? effective : { ...effective, replicas: spec.replicas };
}

type Written<T> = { [K in keyof T]?: T[K] | number | undefined };

function resources(base: Resources, written: Written<Resources> | undefined): Resources {
  return { cpu: String(written?.cpu ?? base.cpu), memory: String(written?.memory ?? base.memory) };
}

interface Pods {
  resources: Resources;
  storage?: string;
}

/** A quantity may be written as a number; from here on it is text, as the API server has it. */
function pods<T extends Pods>(base: T, written: PodsWritten | undefined): T {
  const effective = {
    ...base,
    ...defined(written),
    resources: resources(base.resources, written?.resources),
  };
  return 'storage' in base ? { ...effective, storage: String(written?.storage ?? base.storage) } : effective;
}

interface PodsWritten {
  resources?: Written<Resources> | undefined;
  storage?: string | number | undefined;
}

/** The fields of `value` that are set: an explicit undefined must not hide a default. */
export function defined<T extends object>(value: T | undefined): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, v]) => v !== undefined && v !== null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
