import type { EffectiveSpec, Migration } from './effective-spec.ts';
import type { Tier } from './environment.ts';

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

/** What each tier gives to a field that an environment leaves out. */
export const TIERS: Record<Tier, TierDefaults> = { local, development, staging, production };
