import { amount } from '../../charts/quantity.ts';
import type { EffectiveSpec, Resources } from '../../operator/api/effective-spec.ts';
import { apiPods, type CostItem, flat, gib, podsText, size, spotShare } from './parts.ts';
import { scaled } from './range.ts';

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
};

/** What each component costs by the guide's prices. */
export function byGuide(spec: EffectiveSpec): CostItem[] {
  const { api, database, cache, pooler, predictor } = spec;
  const pods = apiPods(spec);
  const instance = (resources: Resources) => GUIDE.instance * shareOfInstance(resources);
  return [
    {
      part: 'api',
      what: `${podsText(pods)} of ${size(api.resources)}`,
      cost: scaled(pods, instance(api.resources)),
    },
    {
      part: 'database',
      what: `${size(database.resources)}, ${database.storage}`,
      cost: scaled(GUIDE.databasePerGib, gib(database.resources.memory)),
    },
    {
      part: 'cache',
      what: `${cache.replicas} of ${size(cache.resources)}`,
      cost: scaled(GUIDE.cachePerGib, cache.replicas * gib(cache.resources.memory)),
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
            cost: scaled(spotShare(predictor.spot), predictor.replicas * instance(predictor.resources)),
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
  return Math.max(amount(cpu) / 0.5, gib(memory));
}
