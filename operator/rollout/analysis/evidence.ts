import type { Sample } from '../../api/status.ts';
import type { Counts } from './measured.ts';

/** How often a candidate that is not worse may be taken for worse, over all looks of an analysis together. */
const FALSE_ALARM = 0.01;

/** Evidence from which on the candidate counts as worse: by Ville's inequality no more than FALSE_ALARM of the good ones get there. */
export const SIGNIFICANT = Math.log(1 / FALSE_ALARM);

/** What was known of a share before anything was counted, as requests: about 2 %, and hardly worth a request. */
const PRIOR = { bad: 0.5, good: 20 };

/** Where a share is looked for, in standard deviations around what is known of it, and how likely it is there. */
const NODES = [-3, -2.25, -1.5, -0.75, 0, 0.75, 1.5, 2.25, 3];
const WEIGHTS = normalised(NODES.map((z) => Math.exp((-z * z) / 2)));

/**
 * The evidence that the candidate's share of bad answers is larger than the stable release's by more than `tolerance`, after
 * one more look: the natural logarithm of an e-value, 0 when nothing is known. It may be compared with SIGNIFICANT after
 * every look, and an analysis may be ended or prolonged by what it says.
 *
 * Each look multiplies it by an e-variable of two samples of Bernoulli trials (Turner, Ly, Grünwald: Generic E-variables for exact
 * sequential k-sample tests that allow for optional stopping, 2024), averaged over what the looks before make likely. Where
 * the candidate is not worse, nothing is bet, so that a long good beginning does not hide a late fault. Pure.
 */
export function evidenceAfter(
  before: Sample | undefined,
  look: { readonly candidate: Counts; readonly stable: Counts },
  tolerance: number,
): number {
  const known = before?.evidence ?? 0;
  const { candidate, stable } = look;
  if (candidate.requests === 0 || stable.requests === 0) return known;
  const its = nodesOf(before?.bad ?? 0, before?.requests ?? 0);
  const others = nodesOf(before?.stableBad ?? 0, before?.stableRequests ?? 0);
  let factor = 0;
  for (const [i, theta] of its.entries()) {
    for (const [j, stableTheta] of others.entries()) {
      const weight = (WEIGHTS[i] ?? 0) * (WEIGHTS[j] ?? 0);
      factor += weight * Math.exp(bet(theta, stableTheta, look, tolerance));
    }
  }
  return known + Math.log(factor);
}

/** Logarithm of the likelihood of the look under these shares, relative to the nearest ones with which nothing is wrong. */
function bet(
  theta: number,
  stableTheta: number,
  { candidate, stable }: { candidate: Counts; stable: Counts },
  tolerance: number,
): number {
  if (theta <= stableTheta + tolerance) return 0;
  const weight = candidate.requests / (candidate.requests + stable.requests);
  const nearest = nearestHarmless(theta, stableTheta, weight, tolerance);
  return (
    likelihoodRatio(candidate, theta, nearest + tolerance) + likelihoodRatio(stable, stableTheta, nearest)
  );
}

function likelihoodRatio({ requests, bad }: Counts, theta: number, other: number): number {
  return bad * Math.log(theta / other) + (requests - bad) * Math.log((1 - theta) / (1 - other));
}

/**
 * The share x of the stable release for which x + tolerance and x are nearest to the two shares, in Kullback and Leibler's
 * sense weighted by requests. It lies between the stable share and the candidate's less the tolerance.
 */
function nearestHarmless(theta: number, stableTheta: number, weight: number, tolerance: number): number {
  let low = stableTheta;
  let high = theta - tolerance;
  const slope = (p: number, x: number) => p / x - (1 - p) / (1 - x);
  for (let i = 0; i < 40; i++) {
    const x = (low + high) / 2;
    const isBelow = weight * slope(theta, x + tolerance) + (1 - weight) * slope(stableTheta, x) > 0;
    if (isBelow) low = x;
    else high = x;
  }
  return (low + high) / 2;
}

/** Shares that are likely after these counts: normal on the scale of log odds, in which a share cannot leave 0 to 1. */
function nodesOf(bad: number, requests: number): number[] {
  const some = bad + PRIOR.bad;
  const rest = requests - bad + PRIOR.good;
  const middle = Math.log(some / rest);
  const deviation = Math.sqrt(1 / some + 1 / rest);
  return NODES.map((z) => 1 / (1 + Math.exp(-(middle + z * deviation))));
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
