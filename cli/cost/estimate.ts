import type { EffectiveSpec } from '../../operator/api/effective-spec.ts';
import { byGuide } from './by-guide.ts';
import { byPrices, type Prices } from './by-prices.ts';
import { type CostItem, hoursOf } from './parts.ts';
import { added, type Range } from './range.ts';

export interface Estimate {
  tier: string;
  phase: string;
  /** What the guide says of this phase as a whole. */
  phaseCost: Range;
  items: CostItem[];
  total: Range;
  assumptions: string[];
}

const NOTHING: Range = { low: 0, high: 0 };

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
