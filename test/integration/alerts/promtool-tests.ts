import { allAlerts } from '../../../charts/alerts/catalogue.ts';
import { alertName, type PrometheusGroup } from '../../../charts/alerts/rule-groups.ts';
import type { Case } from './cases/case.ts';
import { WITHOUT_ENVIRONMENT } from './cases.ts';

/** How long a case lasts in which nothing is to fire, in minutes: as long as its longest series. */
function lengthOf(series: Readonly<Record<string, string>>): number {
  const samples = Object.values(series).map((text) =>
    text.split(' ').reduce((sum, part) => sum + Number(part.split('x')[1] ?? 0) + 1, 0),
  );
  return Math.floor((Math.max(...samples) - 1) / 2);
}

/** The file of tests that promtool runs: each case fires at its minute and is silent one before. */
export function promtoolTests(
  ruleFile: string,
  groups: readonly PrometheusGroup[],
  cases: readonly Case[],
): object {
  return {
    rule_files: [ruleFile],
    evaluation_interval: '1m',
    tests: cases.map((each) => ({
      name: `${each.alert}: ${each.because}`,
      interval: '30s',
      input_series: Object.entries(each.series).map(([series, values]) => ({ series, values })),
      alert_rule_test: expectations(groups, each),
    })),
  };
}

function expectations(groups: readonly PrometheusGroup[], each: Case): object[] {
  const alertname = alertName({ name: each.alert });
  const silentAt = (minute: number) => ({ eval_time: `${minute}m`, alertname, exp_alerts: [] });
  if (each.minute === undefined) {
    const end = lengthOf(each.series);
    return [silentAt(Math.floor(end / 2)), silentAt(end)];
  }
  return [
    silentAt(each.minute - 1),
    { eval_time: `${each.minute}m`, alertname, exp_alerts: [expected(groups, each)] },
  ];
}

/** The alert as it reaches Alertmanager: with its labels and with every {{ … }} of its texts filled in. */
function expected(groups: readonly PrometheusGroup[], each: Case): object {
  const name = alertName({ name: each.alert });
  const rule = groups.flatMap(({ rules }) => rules).find((one) => 'alert' in one && one.alert === name);
  if (rule === undefined || !('alert' in rule)) throw new Error(`there is no alert ${each.alert}`);
  const own = WITHOUT_ENVIRONMENT.has(each.alert) ? {} : { namespace: 'market', environment: 'shop' };
  const labels: Record<string, string> = { ...own, ...each.labels };
  const filled = (text: string) =>
    text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label) => labels[label] ?? '');
  return {
    exp_labels: { ...labels, ...rule.labels },
    exp_annotations: Object.fromEntries(
      Object.entries(rule.annotations).map(([key, text]) => [key, filled(text)]),
    ),
  };
}

/** Alerts that no case sees fire. */
export function untested(cases: readonly Case[]): string[] {
  const seen = new Set(cases.filter(({ minute }) => minute !== undefined).map(({ alert }) => alert));
  return allAlerts().flatMap(({ alert: { name } }) => (seen.has(name) ? [] : [name]));
}
