import type { EnvironmentSpec, Tier } from './environment.ts';

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

type TierDefaults = Omit<EffectiveSpec, 'tier' | 'replicas' | 'release'> & {
  release: { config: Record<string, string>; migration: Migration };
};

const IMAGES = {
  database: 'cryptosense-database:dev',
  pooler: 'cryptosense-pooler:dev',
  cache: 'cryptosense-cache:dev',
  exporters: 'cryptosense-exporters:dev',
};

const DATABASE = { image: IMAGES.database, members: 1, durability: 'strict' as const, parameters: {} };

// The guide's numbers.
const POOLER = { image: IMAGES.pooler, maxClientConnections: 1000, poolSize: 25, reservePoolSize: 5 };

/** Where the pages of docs/runbooks are read when neither an environment nor the operator (RUNBOOKS_URL) names a folder. */
export const RUNBOOKS = 'https://github.com/cryptosense/cryptosense-platform/blob/main/docs/runbooks';

const GATEWAY = { name: 'cryptosense', namespace: 'gateway-system' };

// 10 %, 15 minutes of watching, then the rest: the guide's recommendation.
const GUIDE_STEPS = [{ weight: 10 }, { pause: '15m' }, { weight: 100 }];

const production: TierDefaults = {
  release: {
    config: {
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      FEED: 'coingecko',
      API_BASE_URL: 'https://api.cryptosense.com',
    },
    migration: { gate: 'verified', irreversible: false, contract: 'automatic', deadline: '15m' },
  },
  rollout: {
    canary: {
      steps: GUIDE_STEPS,
      analysis: {
        preset: 'guide',
        maxErrorRatio: '0.05',
        minRequests: 100,
        interval: '15s',
        onInsufficientData: 'pause',
        insufficientDataLimit: '30m',
        startingStep: 0,
        metrics: [],
      },
      dynamicStableScale: false,
    },
    strategy: 'canary',
    blueGreen: { previewReplicas: 1, autoPromote: true, autoPromoteDelay: '5m' },
    rolling: { maxSurge: '25%', maxUnavailable: 0, autoRollback: true },
    progressDeadline: '10m',
    scaleDownDelay: '5m',
    rollbackWindow: '1h',
    historyLimit: 10,
  },
  api: { resources: { cpu: '500m', memory: '1Gi' } },
  autoscaling: { minReplicas: 2, maxReplicas: 10, cpuUtilization: 70, requestsPerMinute: 1000 },
  database: { ...DATABASE, members: 3, storage: '20Gi', resources: { cpu: '2', memory: '8Gi' } },
  pooler: { ...POOLER, replicas: 2, resources: { cpu: '100m', memory: '128Mi' } },
  cache: { image: IMAGES.cache, replicas: 2, storage: '5Gi', resources: { cpu: '250m', memory: '1Gi' } },
  predictor: { enabled: true, replicas: 1, resources: { cpu: '250m', memory: '512Mi' }, spot: true },
  routing: { mode: 'gateway', gateway: GATEWAY, hostnames: ['api.cryptosense.com'] },
  // The guide's: 02:00 UTC, seven days, four weeks, six months, a rehearsal every quarter.
  backup: {
    enabled: false,
    schedule: '0 2 * * *',
    retention: { daily: 7, weekly: 4, monthly: 6 },
    drillSchedule: '0 5 1 1,4,7,10 *',
  },
  maintenance: { window: { days: ['Sunday'], start: '03:00', duration: '1h' } },
  observability: {
    serviceMonitor: { enabled: true, interval: '30s', labels: {} },
    rules: { enabled: true, paging: true, labels: {} },
    exporters: { enabled: true, image: IMAGES.exporters, resources: { cpu: '10m', memory: '48Mi' } },
  },
  notifications: { webhooks: [] },
  network: { policies: true, clients: [], egress: [] },
  scheduling: { nodeSelector: {}, tolerations: [], spread: 'preferred' },
  images: { pullSecrets: [] },
  deletionProtection: true,
  paused: false,
};

const { drillSchedule: _quarterly, ...backedUp } = production.backup;

const staging: TierDefaults = {
  ...production,
  backup: backedUp,
  release: {
    config: {
      NODE_ENV: 'staging',
      LOG_LEVEL: 'info',
      FEED: 'coingecko',
      API_BASE_URL: 'https://staging-api.cryptosense.com',
    },
    migration: { ...production.release.migration, gate: 'none' },
  },
  rollout: {
    ...production.rollout,
    canary: {
      ...production.rollout.canary,
      analysis: {
        ...production.rollout.canary.analysis,
        onInsufficientData: 'continue',
        insufficientDataLimit: '15m',
      },
    },
  },
  autoscaling: { minReplicas: 1, maxReplicas: 3, cpuUtilization: 70 },
  database: { ...DATABASE, storage: '10Gi', resources: { cpu: '500m', memory: '2Gi' } },
  cache: { image: IMAGES.cache, replicas: 1, storage: '2Gi', resources: { cpu: '100m', memory: '256Mi' } },
  predictor: { enabled: true, replicas: 1, resources: { cpu: '100m', memory: '256Mi' }, spot: true },
  routing: { mode: 'gateway', gateway: GATEWAY, hostnames: ['staging-api.cryptosense.com'] },
  observability: {
    ...production.observability,
    // Nobody gets up at night for what no customer uses.
    rules: { ...production.observability.rules, paging: false },
  },
  deletionProtection: false,
};

const development: TierDefaults = {
  ...staging,
  release: {
    config: {
      NODE_ENV: 'development',
      LOG_LEVEL: 'debug',
      FEED: 'simulator',
      API_BASE_URL: 'http://localhost:3000',
    },
    migration: { ...production.release.migration, gate: 'none' },
  },
  rollout: {
    ...staging.rollout,
    canary: {
      ...staging.rollout.canary,
      steps: [{ weight: 10 }, { pause: '1m' }, { weight: 100 }],
      analysis: {
        ...staging.rollout.canary.analysis,
        minRequests: 50,
        interval: '10s',
        insufficientDataLimit: '30s',
      },
    },
    blueGreen: { ...staging.rollout.blueGreen, autoPromoteDelay: '30s' },
    progressDeadline: '5m',
    scaleDownDelay: '30s',
    rollbackWindow: '15m',
  },
  api: { resources: { cpu: '100m', memory: '256Mi' } },
  database: { ...DATABASE, storage: '5Gi', resources: { cpu: '250m', memory: '512Mi' } },
  pooler: { ...POOLER, replicas: 1, resources: { cpu: '50m', memory: '64Mi' } },
  observability: {
    ...staging.observability,
    // Where nobody looks at them they would only cost.
    exporters: { ...staging.observability.exporters, enabled: false },
  },
  cache: { image: IMAGES.cache, replicas: 1, storage: '1Gi', resources: { cpu: '50m', memory: '128Mi' } },
  predictor: { enabled: true, replicas: 1, resources: { cpu: '50m', memory: '192Mi' }, spot: true },
  routing: { mode: 'gateway', gateway: GATEWAY, hostnames: [] },
};

// Asks for at most 700m CPU in all, candidate included, so that it fits a laptop beside the cluster itself.
const local: TierDefaults = {
  ...development,
  rollout: {
    ...development.rollout,
    canary: {
      ...development.rollout.canary,
      steps: [{ weight: 10 }, { pause: '30s' }, { weight: 100 }],
      analysis: {
        ...development.rollout.canary.analysis,
        minRequests: 30,
        interval: '5s',
        insufficientDataLimit: '10s',
      },
    },
    blueGreen: { ...development.rollout.blueGreen, autoPromoteDelay: '10s' },
    progressDeadline: '3m',
    scaleDownDelay: '10s',
    rollbackWindow: '5m',
  },
  api: { resources: { cpu: '50m', memory: '192Mi' } },
  autoscaling: { minReplicas: 2, maxReplicas: 4, cpuUtilization: 70 },
  database: { ...DATABASE, storage: '1Gi', resources: { cpu: '100m', memory: '256Mi' } },
  pooler: { ...POOLER, replicas: 1, resources: { cpu: '25m', memory: '32Mi' } },
  cache: { image: IMAGES.cache, replicas: 1, storage: '256Mi', resources: { cpu: '25m', memory: '64Mi' } },
  predictor: { enabled: true, replicas: 1, resources: { cpu: '25m', memory: '160Mi' }, spot: false },
};

const TIERS: Record<Tier, TierDefaults> = { local, development, staging, production };

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
