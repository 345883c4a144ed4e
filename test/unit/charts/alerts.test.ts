import { equal, is, match, ok } from 'uvu/assert';
import { alertmanagerConfig } from '../../../charts/alerts/alertmanager.ts';
import { allAlerts, RULE_GROUPS } from '../../../charts/alerts/catalogue.ts';
import { ALERT_SEVERITIES, durationText, ENVIRONMENT_LABELS, scopeOf } from '../../../charts/alerts/rule.ts';
import { alertName, type PrometheusGroup, ruleGroups } from '../../../charts/alerts/rule-groups.ts';
import { renderComponents } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { RUNBOOKS } from '../../../operator/api/tiers.ts';
import { withRunbooks } from '../../../operator/environment/runbooks.ts';
import { suite } from '../../harness/suite.ts';
import { find, resolved } from './environments.ts';

const test = suite('Alerts');

const alerts = allAlerts();
const rulesOf = (spec: Partial<EnvironmentSpec>) =>
  find(renderComponents(resolved(spec)).monitoring, 'PrometheusRule', 'shop');
const groupsOf = (spec: Partial<EnvironmentSpec>) =>
  (rulesOf(spec).spec as { groups: PrometheusGroup[] }).groups;
const alertsIn = (groups: PrometheusGroup[]) =>
  groups.flatMap(({ rules }) => rules.flatMap((rule) => ('alert' in rule ? [rule] : [])));

test("the guide's eight have its numbers", () => {
  const guide = alertsIn(ruleGroups('environment', { runbooks: 'x' })).slice(0, 8);
  const facts = guide.map((rule) => [
    rule.alert.slice('CryptoSense'.length),
    rule.labels.severity,
    rule.for ?? '',
  ]);
  equal(facts, [
    ['ApiDown', 'page', ''],
    ['DatabaseDown', 'page-ceo', '2m'],
    ['ErrorSpike', 'page', '5m'],
    ['DiskFull', 'page', ''],
    ['HighLatency', 'slack', '10m'],
    ['ErrorRate', 'slack', '15m'],
    ['HighCpu', 'slack', '20m'],
    ['MemoryLeak', 'slack', ''],
  ]);
  const limits = ['[5m:1m]) >= 3', '> 0.9', '* 60 > 100', '> 0.95', '> 1', '> 0.05', '> 0.8', '> 1.1'];
  for (const [i, limit] of limits.entries())
    ok(guide[i]?.expr.includes(limit), `${guide[i]?.alert}: ${limit}`);
});

test('every alert has a name of its own, says what to do, and uses only labels that it has', () => {
  const names = alerts.map(({ alert }) => alert.name);
  equal(names, [...new Set(names)]);
  for (const { alert, group } of alerts) {
    const { summary, description, by = group.about === 'operator' ? [] : ENVIRONMENT_LABELS } = alert;
    ok(summary.endsWith('.') || summary.endsWith(').'), alert.name);
    ok(description.length > 60, alert.name);
    for (const [, label = ''] of `${summary} ${description}`.matchAll(/\$labels\.(\w+)/g))
      ok(by.includes(label), `${alert.name}: ${label}`);
    ok(
      !/\$value/.test(summary + description),
      `${alert.name}: a value would make another alert of it each time`,
    );
  }
});

test('the rules of an environment are about it alone, and know its tier', () => {
  const groups = groupsOf({ tier: 'production' });
  const text = JSON.stringify(groups).replaceAll('\\"', '"');
  ok(!text.includes('environment!=""'));
  for (const rule of alertsIn(groups)) {
    is(rule.labels.tier, 'production');
    match(rule.expr, /namespace="market"/);
  }
  equal(
    groups.map(({ name }) => name),
    RULE_GROUPS.filter(({ about }) => about === 'environment').map(({ name }) => name),
  );
});

test('somebody is paged for production alone, unless it is asked for', () => {
  const severities = (spec: Partial<EnvironmentSpec>) =>
    new Set(alertsIn(groupsOf(spec)).map(({ labels }) => labels.severity));
  equal(severities({ tier: 'production' }), new Set(['page', 'page-ceo', 'slack']));
  for (const tier of ['local', 'development', 'staging'] as const)
    equal(severities({ tier }), new Set(['slack']));
  equal(
    severities({ tier: 'staging', observability: { rules: { paging: true } } }),
    new Set(['page', 'page-ceo', 'slack']),
  );
});

test('where an environment names no folder of runbooks, its alerts lead to that of the operator', () => {
  const urlIn = (rules: object, folder?: string) => {
    const environment = resolved({ tier: 'production', observability: { rules } });
    const render = folder === undefined ? renderComponents : withRunbooks(renderComponents, folder);
    return JSON.stringify(render(environment).monitoring).match(/"runbook_url":"([^"]+)api-down/)?.[1];
  };
  is(urlIn({}), `${RUNBOOKS}/`);
  is(urlIn({}, 'https://ours'), 'https://ours/');
  is(urlIn({ runbooks: 'https://theirs' }, 'https://ours'), 'https://theirs/');
});

test('labels and runbooks of the user are used, and labels hide none of ours', () => {
  const rules = { labels: { release: 'x', 'app.kubernetes.io/managed-by': 'me' }, runbooks: 'https://here/' };
  const spec = { observability: { rules } };
  const { labels } = rulesOf(spec).metadata;
  is(labels?.release, 'x');
  is(labels?.['app.kubernetes.io/managed-by'], 'cryptosense-operator');
  const [first] = alertsIn(groupsOf(spec));
  is(first?.annotations.runbook_url, 'https://here/api-down.md');
});

test('there are no rules when they are switched off', () => {
  const { monitoring } = renderComponents(resolved({ observability: { rules: { enabled: false } } }));
  equal(
    monitoring.map(({ kind }) => kind),
    ['ServiceMonitor'],
  );
});

test('Alertmanager has a way for every severity, and holds back only alerts that there are', () => {
  const config = alertmanagerConfig() as {
    route: { receiver: string; routes: { matchers: string[]; receiver: string }[] };
    receivers: { name: string }[];
    inhibit_rules: { source_matchers: string[]; target_matchers: string[] }[];
  };
  const receivers = new Set(config.receivers.map(({ name }) => name));
  const routed = config.route.routes.map(({ matchers }) => matchers.join());
  for (const severity of ALERT_SEVERITIES)
    ok(severity === 'slack' || routed.includes(`severity="${severity}"`), severity);
  for (const { receiver } of [config.route, ...config.route.routes]) ok(receivers.has(receiver), receiver);
  const known = new Set(alerts.map(({ alert }) => alertName(alert)));
  for (const { source_matchers, target_matchers } of config.inhibit_rules) {
    const named = [...source_matchers, ...target_matchers].join().match(/CryptoSense\w+/g) ?? [];
    ok(named.length > 1);
    for (const name of named) ok(known.has(name), name);
  }
});

test('time can be scaled, down to the last duration', () => {
  const minutes = JSON.stringify(ruleGroups('environment', { runbooks: 'x', scale: 1 / 60 }));
  ok(!/\[\d+[hd]/.test(minutes.replace(/\[1d|\[3d/g, '')), 'hours are minutes now');
  is(scopeOf(undefined, 1 / 60).range(300), '5s');
  is(scopeOf(undefined).range(90), '90s');
  is(durationText(1500), '1500ms');
});

test.run();
