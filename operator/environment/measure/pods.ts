import type { Counts, Outcome } from '../../rollout/analysis/measured.ts';
import type { MetricPolicy, Source } from '../../rollout/analysis/policy.ts';
import type { Live } from '../snapshot.ts';
import type { Baseline } from './baseline.ts';
import { type Totals, totalsOf } from './counters.ts';
import { slowerThan } from './durations.ts';

const METRICS_PORT = 3000;

/** Asks for a page. Rejects with a sentence that says what is wrong. */
export type Ask = (url: string) => Promise<string>;

type PodsSource = Extract<Source, { type: 'pods' }>;

/** The pods of one environment, asked once for all metrics of a moment. */
export interface Pods {
  candidate(): Promise<ReadonlyMap<string, Totals>>;
  stable(): Promise<ReadonlyMap<string, Totals>>;
  /** In milliseconds since 1970, by uid. */
  readonly bornAt: ReadonlyMap<string, number>;
}

/** What each pod that answered has counted since it was born, by the pod's uid; throws when none answers. */
export async function askPods(
  whose: string,
  pods: readonly Live[],
  ask: Ask,
): Promise<ReadonlyMap<string, Totals>> {
  const looks = await Promise.allSettled(
    pods.map(async (pod): Promise<[string, Totals]> => [pod.metadata.uid, await askPod(pod, ask)]),
  );
  const seen = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
  if (seen.length > 0) return new Map(seen);
  const failed = looks.find((look) => look.status === 'rejected');
  const why = failed ? String((failed.reason as Error).message) : 'it has no pods';
  throw new Error(`the pods of the ${whose} could not be measured: ${why}`);
}

async function askPod(pod: Live, ask: Ask): Promise<Totals> {
  const ip = (pod.status as { podIP?: string } | undefined)?.podIP;
  if (!ip) throw new Error('a pod has no address yet');
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return totalsOf(await ask(`http://${host}:${METRICS_PORT}/metrics`));
}

/** What the releases have answered since the last call; `since`: from when on a pod's birth makes all of it new. */
export async function countPods(
  metric: MetricPolicy & { source: PodsSource },
  pods: Pods,
  baseline: Baseline,
  since: { candidate: number; stable: number },
): Promise<Outcome> {
  // Both at once: what is compared has to come from the same time.
  const [candidate, stable] = await Promise.all([
    pods.candidate(),
    metric.comparison ? pods.stable() : undefined,
  ]);
  const count = (totals: ReadonlyMap<string, Totals>, from: number) =>
    countsOf(metric.source, baseline.advance(totals, pods.bornAt, from));
  return {
    type: 'counts',
    candidate: count(candidate, since.candidate),
    ...(stable ? { stable: count(stable, since.stable) } : {}),
  };
}

function countsOf(source: PodsSource, { requests, errors, durations }: Totals): Counts {
  if (source.measure === 'errors') return { requests, bad: errors };
  if (!durations)
    throw new Error(
      'the pods have no histogram http_request_duration_seconds on their pages: take another metric',
    );
  return { requests: durations.count, bad: slowerThan(durations, source.seconds) };
}
