import { setTimeout } from 'node:timers/promises';
import { ok } from 'uvu/assert';
import { alertName, type PrometheusGroup, ruleGroups } from '../../../charts/alerts/rule-groups.ts';
import {
  EVERYDAY,
  MONITORING_NAMESPACE,
  type PrometheusSettings,
  prometheus,
} from '../../../local/addons/prometheus.ts';
import { eventually } from '../../integration/processes.ts';
import { kubectl, nodeAddress } from '../cluster.ts';

/** Of an everyday alert a minute is two seconds; of those about backups, which are about days, an hour is one. */
const EVERYDAY_SCALE = 1 / 30;
const BACKUPS_SCALE = 1 / 3600;
const BACKUPS = 'cryptosense-backups';

const LOOK_MS = 200;
const SERVICE = 'prometheus-of-tests';

const own = ['-n', MONITORING_NAMESPACE];

function scaledRules(): PrometheusGroup[] {
  const rules = (about: 'environment' | 'operator', scale: number) =>
    ruleGroups(about, { runbooks: 'https://runbooks.example.com', scale });
  const areBackups = ({ name }: PrometheusGroup) => name === BACKUPS;
  return [
    ...rules('environment', EVERYDAY_SCALE).filter((group) => !areBackups(group)),
    // Looked at as often as the others: a minute of theirs is a hundredth of a second.
    ...rules('environment', BACKUPS_SCALE)
      .filter(areBackups)
      .map((group) => ({ ...group, interval: '2s' })),
    ...rules('operator', EVERYDAY_SCALE),
  ];
}

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

/** The cluster's Prometheus, with rules whose minutes are seconds for as long as it is used. */
export class ScaledAlerts {
  readonly #address: string;

  private constructor(address: string) {
    this.#address = address;
  }

  static async start(): Promise<ScaledAlerts> {
    // A range of a minute, which is two seconds here, needs two samples; a busy machine needs a second for an answer.
    await install({ groups: scaledRules(), interval: '1s', kubelets: '5s' });
    await kubectl([...own, 'delete', 'service', SERVICE, '--ignore-not-found']);
    await kubectl([...own, 'expose', 'service', 'prometheus', `--name=${SERVICE}`, '--type=NodePort']);
    const alerts = new ScaledAlerts(await nodeAddress(MONITORING_NAMESPACE, SERVICE));
    await eventually('Prometheus has looked at its rules', () => alerts.#hasRules(), 60_000);
    return alerts;
  }

  /** The rules are again what they are every day. */
  async end(): Promise<void> {
    await kubectl([...own, 'delete', 'service', SERVICE, '--ignore-not-found']);
    await install(EVERYDAY);
  }

  /** Names of the alerts that fire in `namespace`; those without one are the operator's. */
  async firing(namespace?: string): Promise<Set<string>> {
    const { alerts } = await this.#ask<{ alerts: Alert[] }>('alerts');
    return new Set(
      alerts
        .filter(({ state, labels }) => state === 'firing' && labels.namespace === namespace)
        .map(({ labels }) => labels.alertname ?? ''),
    );
  }

  /** Resolves when every one of `names` has been seen to fire; with the seconds that each took. */
  async fire(
    names: readonly string[],
    namespace?: string,
    timeoutMs = 240_000,
  ): Promise<Map<string, number>> {
    const began = performance.now();
    const seen = new Map<string, number>();
    await this.#until(`${names.join(', ')} fire`, timeoutMs, namespace, (firing) => {
      for (const name of names)
        if (!seen.has(name) && firing.has(alertName({ name })))
          seen.set(name, (performance.now() - began) / 1000);
      return seen.size === names.length;
    });
    return seen;
  }

  /** Resolves when none of `names` fires any more; with the seconds until then. */
  async clear(names: readonly string[], namespace?: string, timeoutMs = 180_000): Promise<number> {
    const began = performance.now();
    await this.#until(`${names.join(', ')} have ended`, timeoutMs, namespace, (firing) =>
      names.every((name) => !firing.has(alertName({ name }))),
    );
    return (performance.now() - began) / 1000;
  }

  /** The value of the one series of a query; undefined when there is none. */
  async value(query: string): Promise<number | undefined> {
    const { result } = await this.#ask<{ result: { value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(query)}`,
    );
    const [, text] = result[0]?.value ?? [];
    return text === undefined ? undefined : Number(text);
  }

  async #hasRules(): Promise<boolean> {
    try {
      const { groups } = await this.#ask<{ groups: { lastEvaluation: string }[] }>('rules');
      return groups.length > 0 && groups.every(({ lastEvaluation }) => !lastEvaluation.startsWith('0001-'));
    } catch {
      return false;
    }
  }

  async #ask<T>(what: string): Promise<T> {
    const answer = await fetch(`http://${this.#address}/api/v1/${what}`, {
      signal: AbortSignal.timeout(10_000),
    });
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    ok(status === 'success', `${what}: ${error}`);
    return data;
  }

  async #until(
    what: string,
    timeoutMs: number,
    namespace: string | undefined,
    reached: (firing: Set<string>) => boolean,
  ): Promise<void> {
    let last = new Set<string>();
    await eventually(
      what,
      async () => {
        await setTimeout(LOOK_MS);
        // On a busy machine one of many requests may get no answer.
        const firing = await this.firing(namespace).catch(() => undefined);
        if (firing === undefined) return false;
        last = firing;
        return reached(last);
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}; firing: ${[...last].join(', ') || 'none'}`);
    });
  }
}

async function install(settings: PrometheusSettings): Promise<void> {
  const path = 'jsonpath={.spec.template.spec.containers[0].image}';
  const image = await kubectl([...own, 'get', 'deployment', 'prometheus', '-o', path]);
  ok(image !== '', 'Prometheus is not in the cluster');
  const input = prometheus(image, settings)
    .map((manifest) => JSON.stringify(manifest))
    .join('\n---\n');
  await kubectl(
    ['apply', '--server-side', '--force-conflicts', '--field-manager=cryptosense-local', '-f', '-'],
    { input },
  );
  await kubectl([...own, 'rollout', 'status', 'deployment/prometheus', '--timeout=120s']);
}
