import { amount } from '../../charts/quantity.ts';
import type { EffectiveSpec, Resources } from '../../operator/api/effective-spec.ts';
import { apiPods, type CostItem, flat, gib, podsText, size, spotShare } from './parts.ts';
import { scaled } from './range.ts';

/** Prices of who asks, in dollars a month; without them the guide's figures are used. */
export interface Prices {
  /** One CPU. */
  cpu: number;
  /** One GiB of memory. */
  memory: number;
  /** One GiB of storage. */
  storage: number;
}

/** What each component costs by prices of one's own. */
export function byPrices(spec: EffectiveSpec, prices: Prices): CostItem[] {
  const { api, database, cache, pooler, predictor } = spec;
  const pod = ({ cpu, memory }: Resources) => amount(cpu) * prices.cpu + gib(memory) * prices.memory;
  const disk = (storage: string) => gib(storage) * prices.storage;
  const pods = apiPods(spec);
  return [
    {
      part: 'api',
      what: `${podsText(pods)} of ${size(api.resources)}`,
      cost: scaled(pods, pod(api.resources)),
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
            cost: scaled(spotShare(predictor.spot), predictor.replicas * pod(predictor.resources)),
          },
        ]
      : []),
  ];
}
