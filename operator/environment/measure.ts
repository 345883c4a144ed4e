import { milliseconds } from '../api/duration.ts';
import { type Environment, LABELS, resolveEnvironment } from '../api/resolved.ts';
import type { Measurement } from '../api/status.ts';
import { judge, type Sample } from '../rollout/analysis.ts';
import type { Caches } from './caches.ts';
import type { Live } from './snapshot.ts';

const METRICS_PORT = 3000;
const TIMEOUT_MS = 2000;
const EARLY_MS = 200;
/** Probes and scrapes are not users' requests. */
const OWN_ROUTES = /route="\/(health|metrics)[^"]*"/;
/** With this a route whose part is optional says that the part is away: no release is worse for it, and none better. */
const OPTIONAL_AWAY = /route="\/api\/predictions\/[^"]*",status="503"/;

/**
 * Looks at the candidate's pods when a look is due. The candidate's counters start with its pods, so their sum is what
 * this release has answered since it gets requests. Undefined when there is no candidate, no traffic or no need yet.
 */
export async function measureWhenDue(
  caches: Caches,
  environment: Environment,
  now: number,
): Promise<{ revision: string; measurement: Measurement } | undefined> {
  const candidate = environment.status?.candidate;
  if (!candidate || candidate.weight === 0) return undefined;
  const { analysis } = resolveEnvironment(environment).spec.rollout.canary;
  const last = candidate.measurements?.at(-1)?.at;
  // Timers may fire a moment early; a look that was missed by a millisecond would come a whole interval late.
  if (last && now - Date.parse(last) < milliseconds(analysis.interval) - EARLY_MS) return undefined;
  const { name, namespace } = environment.metadata;
  const pods = caches
    .of('Pod', namespace, name)
    .filter(
      (pod) =>
        pod.metadata.labels?.[LABELS.revision] === candidate.revision && !pod.metadata.deletionTimestamp,
    )
    .filter((pod) => pod.metadata.labels?.[LABELS.component] === 'api');
  const sample = await samplePods(pods);
  return { revision: candidate.revision, measurement: judge(sample, analysis, new Date(now).toISOString()) };
}

async function samplePods(pods: Live[]): Promise<Sample> {
  const looks = await Promise.allSettled(
    pods.map((pod) => samplePod((pod.status as { podIP?: string } | undefined)?.podIP)),
  );
  const seen = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
  if (seen.length === 0) {
    const failed = looks.find((look) => look.status === 'rejected');
    return { problem: failed ? String((failed.reason as Error).message) : 'it has no pods' };
  }
  return {
    requests: seen.reduce((sum, one) => sum + one.requests, 0),
    errors: seen.reduce((sum, one) => sum + one.errors, 0),
  };
}

async function samplePod(ip: string | undefined): Promise<{ requests: number; errors: number }> {
  if (!ip) throw new Error('a pod has no address yet');
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const answer = await fetch(`http://${host}:${METRICS_PORT}/metrics`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`/metrics of a pod answered ${answer.status}`);
  return countRequests(await answer.text());
}

/** Labels and value of a series; an exemplar or a time stamp after them does not count. */
const SERIES = /^http_requests_total\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}\s+(\S+)/;

/**
 * Sums `http_requests_total` of a Prometheus or OpenMetrics page: all requests and those answered with 5xx, without the
 * pod's own probes and scrapes, and without forecasts that no predictor could make. A value that is not a number does not count.
 */
export function countRequests(page: string): { requests: number; errors: number } {
  let requests = 0;
  let errors = 0;
  for (const line of page.split('\n')) {
    const [, labels = '', text = ''] = SERIES.exec(line) ?? [];
    const value = Number(text || Number.NaN);
    if (OWN_ROUTES.test(labels) || OPTIONAL_AWAY.test(labels) || !Number.isFinite(value)) continue;
    requests += value;
    if (/status="5\d\d"/.test(labels)) errors += value;
  }
  return { requests, errors };
}
