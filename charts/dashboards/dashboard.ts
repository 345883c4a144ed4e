/** What a dashboard shows, without Grafana's words for it; grafana.ts knows these. */
export interface Dashboard {
  /** Part of its address: it never changes. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** environment: one is chosen above the panels; operator: it is about none. */
  readonly about: 'environment' | 'operator';
  readonly rows: readonly Row[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  /** What it says, and what is too much. */
  readonly description: string;
  readonly kind: 'timeseries' | 'stat';
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** From here on it is red: the limit of the alert about it. */
  readonly limit?: number;
}

/** Grafana's names of units: seconds, a share of 1, a number, a second, bytes, seconds since a moment. */
export type Unit = 's' | 'percentunit' | 'short' | 'reqps' | 'bytes' | 'dtdurations';

export interface Query {
  /** PromQL with Grafana's variables. */
  readonly expr: string;
  /** Of each series; labels as {{label}}. */
  readonly legend: string;
}

const ENVIRONMENT = 'namespace="$namespace", environment="$environment"';

/** A selector of the environment that is chosen. */
export function of(metric: string, ...matchers: string[]): string {
  return `${metric}{${[ENVIRONMENT, ...matchers].join(', ')}}`;
}

/** A second, over Grafana's own interval: long enough for the scrapes, short enough for the width of the panel. */
export function rate(metric: string, ...matchers: string[]): string {
  return `rate(${of(metric, ...matchers)}[$__rate_interval])`;
}

/** Of the API's pods, users' requests alone. */
export const API = 'app_kubernetes_io_component="api"';
export const USERS = 'route!~"/health.*|/metrics|.*/stream"';

export function one(expr: string, legend: string): readonly Query[] {
  return [{ expr, legend }];
}
