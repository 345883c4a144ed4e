import { setImmediate } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import type { Environment } from '../api/resolved.ts';
import { ENVIRONMENT_METRICS, type Seen } from './environment-figures.ts';

/**
 * Gauges about every environment, taken from the caches when somebody looks: what is gone is gone from the page as well.
 * Labels are few and bounded; there are about 30 series an environment.
 */
export function environmentGauges(
  registry: Registry,
  sources: {
    environments: () => readonly Environment[];
    backups: (namespace: string, environment: string) => readonly object[];
    restores: (namespace: string, environment: string) => readonly object[];
  },
): void {
  const seen = (environment: Environment): Seen => {
    const { namespace, name } = environment.metadata;
    return {
      environment,
      backups: () => sources.backups(namespace, name),
      restores: () => sources.restores(namespace, name),
    };
  };
  let turn: Promise<unknown> = Promise.resolve();
  for (const { name, help, labelNames, of } of ENVIRONMENT_METRICS) {
    new Gauge({
      name,
      help,
      labelNames: ['namespace', 'environment', ...labelNames],
      registers: [registry],
      // One metric after the other: with a thousand environments all of them at once would hold up a release.
      async collect() {
        turn = turn.then(() => setImmediate());
        await turn;
        this.reset();
        for (const environment of sources.environments()) {
          const { namespace, name: environmentName } = environment.metadata;
          for (const [value, labels] of of(seen(environment)))
            this.set({ namespace, environment: environmentName, ...labels }, value);
        }
      },
    });
  }
}
