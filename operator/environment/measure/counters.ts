/** What a pod has answered since it was born, without what is not its users'. */
export interface Totals {
  readonly requests: number;
  /** How many of these answers were 5xx. */
  readonly errors: number;
}

/** Probes and scrapes are not users' requests. */
const OWN_ROUTES = /route="\/(health|metrics)[^"]*"/;
/** With this a route whose part is optional says that the part is away: no release is worse for it, and none better. */
const OPTIONAL_AWAY = /route="\/api\/predictions\/[^"]*",status="503"/;

/** Labels and value of a series; an exemplar or a time stamp after them does not count. */
const SERIES = /^http_requests_total\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}\s+(\S+)/;

/**
 * Sums `http_requests_total` of a Prometheus or OpenMetrics page: all requests and those answered with 5xx, without the
 * pod's own probes and scrapes, and without forecasts that no predictor could make. A value that is not a number does not count.
 */
export function countRequests(page: string): Totals {
  let requests = 0;
  let errors = 0;
  for (const line of page.split('\n')) {
    const [, labels = '', text = ''] = SERIES.exec(line) ?? [];
    const value = Number(text || Number.NaN);
    if (OWN_ROUTES.test(labels) || OPTIONAL_AWAY.test(labels) || !Number.isFinite(value)) continue;
    requests += value;
    if (/status="5\d\d"/.test(labels)) errors += value;
  }
  return { requests, errors };
}
