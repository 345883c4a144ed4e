import type { Sample } from '../../../operator/api/status.ts';
import { evidenceAfter, SIGNIFICANT } from '../../../operator/rollout/analysis/evidence.ts';
import type { Counts } from '../../../operator/rollout/analysis/measured.ts';

const TOLERANCE = 0.01;
const LIMIT = 0.05;
const ENOUGH = 100;

/** Sees the requests of each look; true when it rolls the release back. */
export type Judge = (look: { candidate: Counts; stable: Counts }) => boolean;

/** What the peers do: the share since the last look against a limit, one failed measurement is enough (failureLimit 0). */
export function thresholdOfEachLook(): Judge {
  return ({ candidate }) => candidate.requests > 0 && candidate.bad / candidate.requests > LIMIT;
}

/** Our fixed limit: the share since the beginning, and nothing is said of fewer than a hundred requests. */
export function thresholdOfAll(): Judge {
  let [requests, bad] = [0, 0];
  return ({ candidate }) => {
    requests += candidate.requests;
    bad += candidate.bad;
    return bad / Math.max(requests, ENOUGH) > LIMIT;
  };
}

/** Our comparison with the stable release. */
export function comparison(): Judge {
  let known: Sample = { requests: 0, bad: 0 };
  return (look) => {
    const evidence = evidenceAfter(known, look, TOLERANCE);
    known = {
      requests: known.requests + look.candidate.requests,
      bad: known.bad + look.candidate.bad,
      stableRequests: (known.stableRequests ?? 0) + look.stable.requests,
      stableBad: (known.stableBad ?? 0) + look.stable.bad,
      evidence,
    };
    return evidence >= SIGNIFICANT;
  };
}
