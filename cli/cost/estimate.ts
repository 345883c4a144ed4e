import { amount } from '../../charts/quantity.ts';
import type { EffectiveSpec, Resources } from '../../operator/api/tiers.ts';
import { added, type Range, scaled, times } from './range.ts';

/** One component of an estimate. */
export interface CostItem {
  part: string;
  what: string;
  cost: Range;
}

export interface Estimate {
  tier: string;
  phase: string;
  /** What the guide says of this phase as a whole. */
  phaseCost: Range;
  items: CostItem[];
  total: Range;
  assumptions: string[];
}

/** Prices of who asks, in dollars a month; without them the guide's figures are used. */
export interface Prices {
  /** One CPU. */
  cpu: number;
  /** One GiB of memory. */
  memory: number;
  /** One GiB of storage. */
  storage: number;
}

const GIB = 2 ** 30;
const NOTHING: Range = { low: 0, high: 0 };

/** Section 10 of the guide, growth phase. */
const GUIDE = {
  /** "AWS ECS (2-4 instances): $100-200": the task is 0.5 CPU and 1 GiB. */
  instance: 50,
  /** "RDS PostgreSQL (db.t3.medium): $60-120": 4 GiB; the upper end is taken for two of them. */
  databasePerGib: { low: 15, high: 30 },
  /** "ElastiCache Redis: $50-100": taken for two nodes of 1 GiB. */
  cachePerGib: { low: 25, high: 50 },
  /** "CloudFront CDN: $20-50", "Data transfer: $50-100", "Monitoring (Datadog): $50-90". */
  around: [
    ['CDN', { low: 20, high: 50 }],
    ['data transfer', { low: 50, high: 100 }],
    ['monitoring', { low: 50, high: 90 }],
  ] as const,
  /** "Use Spot Instances (Save 70-90%)". */
  spot: { low: 0.1, high: 0.3 },
};

const PHASES = {
  local: { phase: 'none (a machine of your own)', cost: NOTHING },
  development: { phase: 'MVP', cost: { low: 70, high: 120 } },
  staging: { phase: 'MVP', cost: { low: 70, high: 120 } },
  production: { phase: 'Growth', cost: { low: 330, high: 660 } },
} as const;

/** What an environment costs a month: pods as the autoscaler may have them, sizes as the spec has them. Pure. */
export function estimateOf(spec: EffectiveSpec, prices?: Prices): Estimate {
  const items = prices ? byPrices(spec, prices) : byGuide(spec);
  const { phase, cost } = PHASES[spec.tier];
  return {
    tier: spec.tier,
    phase,
    phaseCost: cost,
    items,
    total: items.reduce((sum, item) => added(sum, item.cost), NOTHING),
    assumptions: assumptionsOf(spec, prices),
  };
}

/** The API's pods, on average over a day: at night the floor of the quiet hours. */
function apiPods({ autoscaling }: EffectiveSpec): Range {
  const { minReplicas, maxReplicas, quietHours } = autoscaling;
  if (!quietHours) return { low: minReplicas, high: maxReplicas };
  const share = hoursOf(quietHours) / 24;
  return { low: minReplicas * (1 - share) + quietHours.minReplicas * share, high: maxReplicas };
}

function hoursOf({ start, end }: { start: string; end: string }): number {
  const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
  return ((minutes(end) - minutes(start) + 1440) % 1440) / 60;
}

function byGuide(spec: EffectiveSpec): CostItem[] {
  const { api, database, cache, pooler, predictor } = spec;
  const pods = apiPods(spec);
  const instance = (resources: Resources) => GUIDE.instance * shareOfInstance(resources);
  const flat = (cost: number): Range => ({ low: cost, high: cost });
  const memory = (resources: Resources) => amount(resources.memory) / GIB;
  return [
    {
      part: 'api',
      what: `${podsText(pods)} of ${size(api.resources)}`,
      cost: times(pods, instance(api.resources)),
    },
    {
      part: 'database',
      what: `${size(database.resources)}, ${database.storage}`,
      cost: scaled(GUIDE.databasePerGib, memory(database.resources)),
    },
    {
      part: 'cache',
      what: `${cache.replicas} of ${size(cache.resources)}`,
      cost: scaled(GUIDE.cachePerGib, cache.replicas * memory(cache.resources)),
    },
    {
      part: 'pooler',
      what: `${pooler.replicas} of ${size(pooler.resources)}`,
      cost: flat(pooler.replicas * instance(pooler.resources)),
    },
    ...(predictor.enabled
      ? [
          {
            part: 'predictor',
            what: `${predictor.replicas} of ${size(predictor.resources)}${predictor.spot ? ', on spot nodes' : ''}`,
            cost: scaled(
              predictor.spot ? GUIDE.spot : { low: 1, high: 1 },
              predictor.replicas * instance(predictor.resources),
            ),
          },
        ]
      : []),
    ...(spec.tier === 'production'
      ? GUIDE.around.map(([part, cost]) => ({ part, what: 'as the guide has it', cost }))
      : []),
  ];
}

/** Of the guide's task of 0.5 CPU and 1 GiB: the larger share counts, because both are paid for. */
function shareOfInstance({ cpu, memory }: Resources): number {
  return Math.max(amount(cpu) / 0.5, amount(memory) / GIB);
}

function byPrices(spec: EffectiveSpec, prices: Prices): CostItem[] {
  const { api, database, cache, pooler, predictor } = spec;
  const pod = ({ cpu, memory }: Resources) =>
    amount(cpu) * prices.cpu + (amount(memory) / GIB) * prices.memory;
  const disk = (storage: string) => (amount(storage) / GIB) * prices.storage;
  const flat = (cost: number): Range => ({ low: cost, high: cost });
  const pods = apiPods(spec);
  const spot = predictor.spot ? GUIDE.spot : { low: 1, high: 1 };
  return [
    {
      part: 'api',
      what: `${podsText(pods)} of ${size(api.resources)}`,
      cost: times(pods, pod(api.resources)),
    },
    {
      part: 'database',
      what: `${size(database.resources)}, ${database.storage}`,
      cost: flat(pod(database.resources) + disk(database.storage)),
    },
    {
      part: 'cache',
      what: `${cache.replicas} of ${size(cache.resources)}, ${cache.storage} each`,
      cost: flat(cache.replicas * (pod(cache.resources) + disk(cache.storage))),
    },
    {
      part: 'pooler',
      what: `${pooler.replicas} of ${size(pooler.resources)}`,
      cost: flat(pooler.replicas * pod(pooler.resources)),
    },
    ...(predictor.enabled
      ? [
          {
            part: 'predictor',
            what: `${predictor.replicas} of ${size(predictor.resources)}`,
            cost: scaled(spot, predictor.replicas * pod(predictor.resources)),
          },
        ]
      : []),
  ];
}

function assumptionsOf(
  { tier, autoscaling, predictor }: EffectiveSpec,
  prices: Prices | undefined,
): string[] {
  const { minReplicas, maxReplicas, quietHours } = autoscaling;
  return [
    `The API has ${minReplicas} pods at the least and ${maxReplicas} at the most: from one to the other.`,
    ...(quietHours
      ? [`Quiet hours lower the floor to ${quietHours.minReplicas} for ${hoursOf(quietHours)} hours a day.`]
      : []),
    ...(prices
      ? [
          `Requests of CPU and memory at $${prices.cpu} a CPU and $${prices.memory} a GiB, storage at $${prices.storage} a GiB, a month. Without network, backups and the cluster itself.`,
        ]
      : [
          'The guide\'s prices of the growth phase (section 10): $50 for an instance of 0.5 CPU and 1 GiB, $15-30 for a GiB of database memory ("db.t3.medium: $60-120"), $25-50 for a GiB of Redis ("ElastiCache: $50-100", taken for 2 GiB).',
          'They are of 2025, for a managed cloud; a pod pays for the larger of its shares of CPU and memory. For your cloud: --cpu, --memory, --storage.',
        ]),
    ...(predictor.enabled && predictor.spot
      ? ['The predictor runs on spot nodes, which save 70 to 90 %.']
      : []),
    ...(tier === 'production' && !prices
      ? ['Reserved instances would save 30 to 50 % (year 2 and later).']
      : []),
  ];
}

function podsText({ low, high }: Range): string {
  const floor = Number.isInteger(low) ? String(low) : low.toFixed(1);
  return low === high ? floor : `${floor} to ${high}`;
}

function size({ cpu, memory }: Resources): string {
  return `${cpu} CPU, ${memory}`;
}
