import { type Durations, durationsOf } from './durations.ts';

/** What a pod has answered since it was born, without what is not its users'. */
export interface Totals {
  readonly requests: number;
  /** How many of these answers were 5xx. */
  readonly errors: number;
  /** How long they took; absent when the page does not say. */
  readonly durations?: Durations;
}

/** Probes and scrapes are not users' requests. */
const OWN_ROUTES = /route="\/(health|metrics)[^"]*"/;
/** With this a route whose part is optional says that the part is away: no release is worse for it, and none better. */
const OPTIONAL_AWAY = /route="\/api\/predictions\/[^"]*",status="503"/;

/** Labels and value of a series; an exemplar or a time stamp after them does not count. */
const SERIES = /^(http_request[a-z_]*)\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}\s+(\S+)/;

interface Series {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

/** The page of a pod, in the form of Prometheus or OpenMetrics. */
export function totalsOf(page: string): Totals {
  const durations = durationsOf(page, seriesOf(page));
  return { ...countRequests(page), ...(durations ? { durations } : {}) };
}

/**
 * Sums `http_requests_total`: all requests and those answered with 5xx, without the pod's own probes and scrapes, and
 * without forecasts that no predictor could make. A value that is not a number does not count.
 */
export function countRequests(page: string): { requests: number; errors: number } {
  let requests = 0;
  let errors = 0;
  for (const { name, labels, value } of seriesOf(page)) {
    if (name !== 'http_requests_total' || OPTIONAL_AWAY.test(labels)) continue;
    requests += value;
    if (/status="5\d\d"/.test(labels)) errors += value;
  }
  return { requests, errors };
}

function seriesOf(page: string): Series[] {
  return page.split('\n').flatMap((line) => {
    const [, name = '', labels = '', text = ''] = SERIES.exec(line) ?? [];
    const value = Number(text || Number.NaN);
    return OWN_ROUTES.test(labels) || !Number.isFinite(value) ? [] : [{ name, labels, value }];
  });
}
