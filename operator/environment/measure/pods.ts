import type { Live } from '../snapshot.ts';
import { countRequests, type Totals } from './counters.ts';

const METRICS_PORT = 3000;

/** Asks for a page. Rejects with a sentence that says what is wrong. */
export type Ask = (url: string) => Promise<string>;

/** What each pod that answered has counted since it was born, by the pod's uid; throws when none answers. */
export async function askPods(pods: readonly Live[], ask: Ask): Promise<Map<string, Totals>> {
  const looks = await Promise.allSettled(
    pods.map(async (pod): Promise<[string, Totals]> => [pod.metadata.uid, await askPod(pod, ask)]),
  );
  const seen = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []));
  if (seen.length > 0) return new Map(seen);
  const failed = looks.find((look) => look.status === 'rejected');
  const why = failed ? String((failed.reason as Error).message) : 'it has no pods';
  throw new Error(`the pods could not be measured: ${why}`);
}

async function askPod(pod: Live, ask: Ask): Promise<Totals> {
  const ip = (pod.status as { podIP?: string } | undefined)?.podIP;
  if (!ip) throw new Error('a pod has no address yet');
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return countRequests(await ask(`http://${host}:${METRICS_PORT}/metrics`));
}
