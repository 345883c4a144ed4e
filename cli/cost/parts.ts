import { amount } from '../../charts/quantity.ts';
import type { EffectiveSpec, Resources } from '../../operator/api/effective-spec.ts';
import type { Range } from './range.ts';

/** One component of an estimate. */
export interface CostItem {
  part: string;
  what: string;
  cost: Range;
}

/** The guide's "Use Spot Instances (Save 70-90%)": what is left to pay. */
const SPOT: Range = { low: 0.1, high: 0.3 };

/** The share of its price that the predictor costs. */
export function spotShare(isSpot: boolean): Range {
  return isSpot ? SPOT : { low: 1, high: 1 };
}

/** The API's pods, on average over a day: at night the floor of the quiet hours. */
export function apiPods({ autoscaling }: EffectiveSpec): Range {
  const { minReplicas, maxReplicas, quietHours } = autoscaling;
  if (!quietHours) return { low: minReplicas, high: maxReplicas };
  const share = hoursOf(quietHours) / 24;
  return { low: minReplicas * (1 - share) + quietHours.minReplicas * share, high: maxReplicas };
}

export function hoursOf({ start, end }: { start: string; end: string }): number {
  const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
  return ((minutes(end) - minutes(start) + 1440) % 1440) / 60;
}

export function podsText({ low, high }: Range): string {
  const floor = Number.isInteger(low) ? String(low) : low.toFixed(1);
  return low === high ? floor : `${floor} to ${high}`;
}

export function size({ cpu, memory }: Resources): string {
  return `${cpu} CPU, ${memory}`;
}

/** A quantity of bytes in GiB. */
export function gib(quantity: string): number {
  return amount(quantity) / 2 ** 30;
}

export function flat(cost: number): Range {
  return { low: cost, high: cost };
}
