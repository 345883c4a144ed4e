import { Counter, type Histogram, type Registry } from 'prom-client';

/** The counts of the requests that have the same method, route and status. */
export interface RequestSeries {
  /** Counts one request, and the seconds that it took. */
  add(seconds: number): void;
}

/** What is measured of requests: a series for each combination of labels, which lives as long as the process. */
export interface RequestMetrics {
  seriesOf(method: string, route: string, status: number): RequestSeries;
}

const DURATIONS = 'http_request_duration_seconds';

// 1 s is the limit of the latency alert, so it has to be a bucket's edge.
const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * `http_requests_total` and `http_request_duration_seconds` in a registry. prom-client's own histogram makes a text of the labels and
 * checks them at every single observation, a quarter of what a hot request takes in all; here whoever counts keeps the series.
 */
export function requestMetrics(registry: Registry): RequestMetrics {
  const requests = new Map<string, CountedSeries>();
  const durations = new Map<string, DurationSeries>();

  new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by method, route pattern and status code.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
    collect() {
      for (const series of requests.values()) {
        this.inc({ ...series.labels }, series.uncollected);
        series.uncollected = 0;
      }
    },
  });
  const histogram = {
    name: DURATIONS,
    help: 'Seconds from the request to its answer, by method, route pattern and class of status (2xx, 5xx).',
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({ ...histogram, values: [...durations.values()].flatMap(samplesOf) }),
    reset: () => durations.clear(),
  };
  // All that a registry asks of a metric; its type wants one of prom-client's own classes.
  registry.registerMetric(histogram as unknown as Histogram);

  const durationsOf = (method: string, route: string, status: number): DurationSeries => {
    const status_class = `${Math.floor(status / 100)}xx`;
    const key = `${method} ${status_class} ${route}`;
    const found = durations.get(key) ?? new DurationSeries({ method, route, status_class });
    durations.set(key, found);
    return found;
  };
  return {
    seriesOf: (method, route, status) => {
      const key = `${method} ${status} ${route}`;
      let found = requests.get(key);
      if (!found) {
        const labels = { method, route, status: String(status) };
        found = new CountedSeries(labels, durationsOf(method, route, status));
        requests.set(key, found);
      }
      return found;
    },
  };
}

class CountedSeries implements RequestSeries {
  readonly labels: Readonly<Record<'method' | 'route' | 'status', string>>;
  readonly #durations: DurationSeries;
  /** Since the last scrape. */
  uncollected = 0;

  constructor(labels: CountedSeries['labels'], durations: DurationSeries) {
    this.labels = labels;
    this.#durations = durations;
  }

  add(seconds: number): void {
    this.uncollected += 1;
    this.#durations.observe(seconds);
  }
}

class DurationSeries {
  readonly labels: Readonly<Record<'method' | 'route' | 'status_class', string>>;
  /** By the bucket that the observation falls into; the last one is for those above every edge. */
  readonly counts = new Array<number>(BUCKETS_S.length + 1).fill(0);
  sum = 0;

  constructor(labels: DurationSeries['labels']) {
    this.labels = labels;
  }

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < BUCKETS_S.length && seconds > (BUCKETS_S[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += seconds;
  }
}

/** As Prometheus has a histogram: each bucket counts what is at its edge or below. */
function samplesOf({ labels, counts, sum }: DurationSeries) {
  let count = 0;
  const buckets = counts.map((own, index) => {
    count += own;
    const le = BUCKETS_S[index] ?? '+Inf';
    return { metricName: `${DURATIONS}_bucket`, labels: { le, ...labels }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${DURATIONS}_sum`, labels, value: sum },
    { metricName: `${DURATIONS}_count`, labels, value: count },
  ];
}
