import { type AlertSeverity, durationText, type RuleGroup } from '../../../charts/alerts/rule.ts';
import { alertName, type PrometheusGroup, ruleGroups } from '../../../charts/alerts/rule-groups.ts';
import { eventually } from '../processes.ts';

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>> & { readonly severity: AlertSeverity };
  readonly state: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The alerts that fire now at a Prometheus. */
export async function firing(address: string): Promise<FiringAlert[]> {
  const answer = await fetch(`${address}/api/v1/alerts`);
  const { data } = (await answer.json()) as { data: { alerts: FiringAlert[] } };
  return data.alerts.filter(({ state }) => state === 'firing');
}

export async function fires(address: string, name: string): Promise<boolean> {
  return (await firing(address)).some(({ labels }) => labels.alertname === alertName({ name }));
}

/** Resolves when the alert fires (`isOver`: when it does so no more). */
export async function until(
  { address }: { address: string },
  name: string,
  { isOver = false, deadlineMs = 90_000 } = {},
): Promise<void> {
  const what = `${name} ${isOver ? 'has ended' : 'fires'}`;
  await eventually(what, async () => (await fires(address, name)) !== isOver, deadlineMs);
}

/** Groups of one rule each, evaluated four times a second: `scales` says how much shorter each alert's durations are than they are for real. */
export function scaledRules(
  about: RuleGroup['about'],
  scales: Readonly<Record<string, number>>,
): PrometheusGroup[] {
  return Object.entries(scales).map(([name, scale]) => {
    const all = ruleGroups(about, { runbooks: 'https://runbooks.example.com', scale });
    const rules = all
      .flatMap((group) => group.rules)
      .filter((rule) => 'alert' in rule && rule.alert === alertName({ name }));
    if (rules.length !== 1) throw new Error(`There is no alert ${name} about an ${about}`);
    return { name, interval: durationText(250), rules };
  });
}
