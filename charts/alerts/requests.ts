import type { Scope } from './rule.ts';

/** Probes, scrapes and streams, which stay open by design, are not requests of users that could be slow or fail. */
const OWN_ROUTES = 'route!~"/health.*|/metrics|.*/stream"';
const FORECASTS = '/api(/v1)?/predictions.*';

const API = 'app_kubernetes_io_component="api"';

/** `metric` of the API's pods. */
export function ofApi({ of }: Scope, metric: string, ...matchers: string[]): string {
  return of(metric, API, ...matchers);
}

/** Users' requests a second, over `seconds`. */
export function requestRate(scope: Scope, seconds: number): string {
  return `rate(${ofApi(scope, 'http_requests_total', OWN_ROUTES)}[${scope.range(seconds)}])`;
}

/**
 * Users' requests a second that the API failed. A forecast answered 503 is none: that is how an optional part says that it
 * is away, for the analysis of a release as well.
 */
export function failureRate(scope: Scope, seconds: number): string {
  const rate = (...matchers: string[]) =>
    `rate(${ofApi(scope, 'http_requests_total', ...matchers)}[${scope.range(seconds)}])`;
  const ordinary = rate('status=~"5.."', `route!~"/health.*|/metrics|.*/stream|${FORECASTS}"`);
  return `(${ordinary} or ${rate('status=~"5..", status!="503"', `route=~"${FORECASTS}"`)})`;
}

/** Seconds within which `quantile` of users' requests were answered, over `seconds`. */
export function latency(scope: Scope, quantile: number, seconds: number, by: string): string {
  const buckets = ofApi(scope, 'http_request_duration_seconds_bucket', OWN_ROUTES);
  return `histogram_quantile(${quantile}, sum by (${by}, le) (rate(${buckets}[${scope.range(seconds)}])))`;
}

/** Users' requests a second that were answered within a second. */
export function promptRate(scope: Scope, seconds: number): string {
  const buckets = ofApi(scope, 'http_request_duration_seconds_bucket', OWN_ROUTES, 'le="1"');
  return `rate(${buckets}[${scope.range(seconds)}])`;
}
