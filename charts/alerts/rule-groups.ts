import { RULE_GROUPS } from './catalogue.ts';
import {
  type Alert,
  type AlertSeverity,
  durationText,
  type One,
  type Recording,
  type RuleGroup,
  type Scope,
  scopeOf,
} from './rule.ts';

/** Groups as Prometheus reads them, in a file of rules and in the spec of a PrometheusRule alike. */
export interface PrometheusGroup {
  name: string;
  interval?: string;
  rules: PrometheusRule[];
}

export type PrometheusRule =
  | { record: string; expr: string }
  | {
      alert: string;
      expr: string;
      for?: string;
      labels: Record<string, string>;
      annotations: { summary: string; description: string; runbook_url: string };
    };

export interface RuleOptions {
  /** The rules of one environment; those of all of them when left out. */
  one?: One;
  /** What is left of each severity: an environment that nobody is paged for has slack for all three. */
  severity?: (asked: AlertSeverity) => AlertSeverity;
  /** More labels for every alert. */
  labels?: Record<string, string>;
  /** Where the runbooks are: a page's name and .md are added. */
  runbooks: string;
  /** By how much every duration is multiplied, for tests; 1 when left out. */
  scale?: number;
}

const PREFIX = 'CryptoSense';

/** The label `alertname` of an alert. */
export function alertName({ name }: Pick<Alert, 'name'>): string {
  return `${PREFIX}${name}`;
}

/** The groups about environments or about the operator, in one order for equal input. */
export function ruleGroups(about: RuleGroup['about'], options: RuleOptions): PrometheusGroup[] {
  const scope = scopeOf(options.one, options.scale);
  return RULE_GROUPS.filter((group) => group.about === about).map(({ name, rules }) => ({
    name,
    ...(options.scale === undefined ? {} : { interval: scope.range(60) }),
    rules: rules.map((rule) => ('record' in rule ? recording(rule, scope) : alerting(rule, scope, options))),
  }));
}

function recording({ record, expr }: Recording, scope: Scope): PrometheusRule {
  return { record, expr: expr(scope) };
}

function alerting(alert: Alert, scope: Scope, options: RuleOptions): PrometheusRule {
  const { severity = (asked) => asked, labels = {}, runbooks } = options;
  return {
    alert: alertName(alert),
    expr: alert.expr(scope),
    ...(alert.forSeconds === undefined
      ? {}
      : { for: durationText(Math.max(scope.seconds(alert.forSeconds) * 1000, 1)) }),
    labels: { ...labels, severity: severity(alert.severity) },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: runbookUrl(runbooks, alert.runbook),
    },
  };
}

function runbookUrl(base: string, runbook: string): string {
  const [page, anchor] = runbook.split('#');
  return `${base.replace(/\/$/, '')}/${page}.md${anchor === undefined ? '' : `#${anchor}`}`;
}
