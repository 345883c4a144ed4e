/** Whom an alert reaches: the person on call; that person and the CEO; the channel that is read in working hours. */
export const ALERT_SEVERITIES = ['page', 'page-ceo', 'slack'] as const;

export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** One alert, written once for every environment. What it looks like in a file of rules is rule-groups.ts's matter. */
export interface Alert {
  /** The value of the label `alertname`, without the prefix CryptoSense. */
  readonly name: string;
  readonly severity: AlertSeverity;
  /** PromQL. Its result keeps the labels `by`. */
  readonly expr: (scope: Scope) => string;
  /** The labels that tell one alert from another; the environment's when left out. */
  readonly by?: readonly string[];
  /** Seconds for which the expression has to hold; at once when left out. */
  readonly forSeconds?: number;
  /** A sentence with labels as {{ $labels.name }}. */
  readonly summary: string;
  /** What it means and what to do first. */
  readonly description: string;
  /** Page in docs/runbooks, without its ending; an anchor may follow. */
  readonly runbook: string;
}

/** A series that is computed in advance, because several alerts use it over days. */
export interface Recording {
  readonly record: string;
  readonly expr: (scope: Scope) => string;
}

export interface RuleGroup {
  readonly name: string;
  /** about: each environment, or the operator that looks after all of them. */
  readonly about: 'environment' | 'operator';
  readonly rules: readonly (Alert | Recording)[];
}

export const ENVIRONMENT_LABELS = ['namespace', 'environment'] as const;

/** `sum by (namespace, environment)` and the like. */
export const BY_ENVIRONMENT = `by (${ENVIRONMENT_LABELS.join(', ')})`;

/** Of which series a rule speaks, and how long its minutes are. */
export interface Scope {
  /** A selector of `metric` with these matchers, limited to what the rule is about. */
  readonly of: (metric: string, ...matchers: string[]) => string;
  /** A duration of PromQL. */
  readonly range: (seconds: number) => string;
  /** A duration as a number of seconds, for comparisons with time(). */
  readonly seconds: (seconds: number) => number;
  /** The matchers for claims of the environment's volumes, whose series do not carry its label. */
  readonly claims: () => string[];
}

/** One environment; all of them when left out. */
export interface One {
  readonly namespace: string;
  readonly name: string;
}

/**
 * `scale`: by how much every duration is multiplied. Tests that cause real faults use 1/60, so that a minute of a
 * rule is a second.
 */
export function scopeOf(one?: One, scale = 1): Scope {
  const whose =
    one === undefined ? ['environment!=""'] : [`namespace="${one.namespace}"`, `environment="${one.name}"`];
  const milliseconds = (seconds: number) => Math.max(Math.round(seconds * scale * 1000), 1);
  return {
    of: (metric, ...matchers) => `${metric}{${[...whose, ...matchers].join(', ')}}`,
    range: (seconds) => durationText(milliseconds(seconds)),
    seconds: (seconds) => milliseconds(seconds) / 1000,
    claims: () =>
      one === undefined
        ? ['persistentvolumeclaim=~"data-.+-(database|cache)-[0-9]+"']
        : [
            `namespace="${one.namespace}"`,
            `persistentvolumeclaim=~"data-${one.name}-(database|cache)-[0-9]+"`,
          ],
  };
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** In the largest unit that divides it, as Prometheus writes it: 90 s are 90s, 300 s are 5m. */
export function durationText(milliseconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => milliseconds % each === 0) ?? ['ms', 1];
  return `${milliseconds / size}${unit}`;
}

export const MINUTE = 60;
export const HOUR = 3_600;
export const DAY = 86_400;
