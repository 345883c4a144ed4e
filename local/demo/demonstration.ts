import type { KubeConfig } from '@kubernetes/client-node';
import type { Environment } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { mergePatch } from '../../operator/kube/apply.ts';
import { KubeClient } from '../../operator/kube/transport.ts';
import { LocalFailure } from '../report.ts';
import { Load, type LoadCounters } from './load.ts';
import { rolloutLine, Screen } from './screen.ts';
import { EnvironmentWatch, isSettled } from './watch.ts';

export const RELEASES = {
  first: 'cryptosense-api:1.0.0',
  good: 'cryptosense-api:1.1.0',
  bad: 'cryptosense-api:1.2.0-faulty',
};

export interface DemonstrationResult {
  good: { load: LoadCounters; seconds: number };
  bad: { load: LoadCounters; seconds: number; reason: string };
}

/**
 * Releases a good version and then a bad one under load, shows both rollouts live and checks what was promised: the
 * good one ends at 100 % without a failed request, the bad one at 0 % with no more failures than its weight allows.
 */
export async function demonstrate(options: {
  kubeConfig: KubeConfig;
  gatewayUrl: string;
  namespace: string;
  name: string;
  /** It was shown here before. */
  again?: boolean;
}): Promise<DemonstrationResult> {
  const { kubeConfig, gatewayUrl, namespace, name } = options;
  const screen = new Screen();
  const client = KubeClient.fromKubeConfig(kubeConfig);
  const watch = new EnvironmentWatch(kubeConfig, namespace, name);
  const load = new Load(gatewayUrl, {
    paths: ['/api/prices/BTC', '/api/prices/ETH', '/api/prices/SOL/history?interval=5m'],
    perSecond: 100,
    connections: 8,
  });
  // A release that served not long ago would be returned to at once, and no canary be seen.
  const round = options.again ? { config: { DEMONSTRATION: new Date().toISOString() } } : {};
  const draw = () => watch.current && screen.show(rolloutLine(watch.current, load.counters));
  const stopListening = watch.onChange(draw);
  const redraw = process.stdout.isTTY ? setInterval(draw, 500) : undefined;

  const run = async (image: string, what: string, ended: (environment: Environment) => boolean) => {
    const mark = load.counters;
    const started = performance.now();
    const patch = { spec: { release: { image, ...round } } };
    screen.say(`kubectl patch cse ${name} --type merge -p '${JSON.stringify(patch)}'`);
    const patched = await mergePatch(client, RESOURCES.environments, namespace, name, patch);
    const { generation = 0 } = patched.metadata;
    // What the watch shows may still be of before the patch.
    const isNew = (e: Environment) => e.metadata.generation >= generation;
    const environment = await watch.until(what, (e) => isNew(e) && ended(e) && isSettled(e), 300_000);
    return { environment, load: load.since(mark), seconds: Math.round((performance.now() - started) / 1000) };
  };

  try {
    screen.say(`Load: 100 requests a second to ${gatewayUrl}`);
    const good = await run(
      RELEASES.good,
      'The promotion of the good release',
      (e) => e.status?.stable?.image === RELEASES.good,
    );
    screen.say(`${RELEASES.good} gets all requests after ${good.seconds} s: ${told(good.load)}`);
    const bad = await run(
      RELEASES.bad,
      'The rollback of the bad release',
      (e) => e.status?.rejected?.image === RELEASES.bad,
    );
    const reason = bad.environment.status?.rejected?.message ?? '';
    screen.say(`${RELEASES.bad} was rolled back after ${bad.seconds} s: ${reason}; ${told(bad.load)}`);
    check(good.load, bad.load);
    return { good, bad: { ...bad, reason } };
  } finally {
    clearInterval(redraw);
    stopListening();
    await load.stop();
    await watch.close();
    await client.close();
  }
}

/** Largest weight that the bad release gets in examples/local.yaml. */
const BAD_WEIGHT = 0.1;

function check(good: LoadCounters, bad: LoadCounters): void {
  if (good.failed > 0) throw new LocalFailure(`The good release was to cost no request, but ${told(good)}`);
  const others = Object.keys(bad.failures).filter((kind) => kind !== '500');
  if (others.length > 0)
    throw new LocalFailure(`The bad release was to fail by its own 500 answers alone, but ${told(bad)}`);
  if (bad.failed > bad.requests * BAD_WEIGHT) {
    throw new LocalFailure(
      `The bad release was to reach at most ${BAD_WEIGHT * 100} % of the requests, but ${told(bad)}`,
    );
  }
}

function told({ requests, failed, failures }: LoadCounters): string {
  const kinds = Object.entries(failures).map(([kind, count]) => `${count} x ${kind}`);
  return `${requests} requests, ${failed} failed${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}`;
}
