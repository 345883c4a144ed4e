import type { Middleware } from 'koa';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type RequestSeries, requestMetrics } from './request-series.ts';

/** The metrics of any HTTP server. Each server has its own registry, so that a test can run two in a process. */
export interface HttpMetrics {
  readonly registry: Registry;
  /** Counts and times every request. The outermost middleware: what it does not wrap is not seen. */
  readonly middleware: Middleware;
  /** Counts and times a GET that was answered before the framework. */
  readonly count: (answered: { route: string; status: 200 | 304; seconds: number }) => void;
}

/** The metrics of the API. */
export interface Metrics extends HttpMetrics {
  readonly databaseAttempts: Counter<'result'>;
  readonly priceLookups: Counter<'source'>;
  readonly feedQuotes: Counter<'feed'>;
  readonly feedErrors: Counter<'feed'>;
  readonly feedLeader: Gauge;
  /** `size` is asked at each scrape. */
  watchStreams(size: () => number): void;
  readonly streamEnds: Counter<'reason'>;
  readonly predictionLookups: Counter<'source'>;
  readonly predictorCircuitOpen: Gauge;
  readonly alertsFired: Counter;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A request's route pattern, or 'unmatched': labels stay few whatever clients ask for. */
type RouteOf = (method: string, path: string) => string;

export function createMetrics(version: string, routeOf: RouteOf): Metrics {
  const http = createHttpMetrics('api', version, routeOf);
  const registers = [http.registry];
  const databaseAttempts = new Counter({
    name: 'cryptosense_database_attempts_total',
    help: 'Queries and transactions, by result: ok (the database answered, if only with an error), or failed (it was away or too late).',
    labelNames: ['result'],
    registers,
  });
  // A counter that was never touched is not exported, and there is no share of what is not there.
  for (const result of ['ok', 'failed']) databaseAttempts.inc({ result }, 0);
  return {
    ...http,
    databaseAttempts,
    priceLookups: new Counter({
      name: 'cryptosense_price_lookups_total',
      help: 'Prices looked up, by where the answer came from: cache, database, or stale (the database failed).',
      labelNames: ['source'],
      registers,
    }),
    feedQuotes: new Counter({
      name: 'cryptosense_feed_quotes_total',
      help: 'Quotes written to price_history, by feed.',
      labelNames: ['feed'],
      registers,
    }),
    feedErrors: new Counter({
      name: 'cryptosense_feed_errors_total',
      help: 'Polls of the feed that failed.',
      labelNames: ['feed'],
      registers,
    }),
    feedLeader: new Gauge({
      name: 'cryptosense_feed_leader',
      help: '1 while this replica is the one that polls the feed.',
      registers,
    }),
    watchStreams: (size) => {
      new Gauge({
        name: 'cryptosense_stream_clients',
        help: 'Clients that listen to the stream of prices.',
        registers,
        collect() {
          this.set(size());
        },
      });
    },
    streamEnds: new Counter({
      name: 'cryptosense_stream_ends_total',
      help: 'Streams that ended: gone (the client left), slow (it did not read and was dropped) or drained.',
      labelNames: ['reason'],
      registers,
    }),
    predictionLookups: new Counter({
      name: 'cryptosense_prediction_lookups_total',
      help: 'Forecasts looked up, by where the answer came from: cache, predictor, or stale (the predictor failed).',
      labelNames: ['source'],
      registers,
    }),
    predictorCircuitOpen: new Gauge({
      name: 'cryptosense_predictor_circuit_open',
      help: '1 while the predictor has failed so often that it is left alone.',
      registers,
    }),
    alertsFired: new Counter({
      name: 'cryptosense_alerts_fired_total',
      help: 'Price alerts of users that have fired.',
      registers,
    }),
  };
}

/** `program` is in the name of the metric that tells the version: cryptosense_<program>_build_info. */
export function createHttpMetrics(
  program: 'api' | 'predictor',
  version: string,
  routeOf: RouteOf,
): HttpMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const build = new Gauge({
    name: `cryptosense_${program}_build_info`,
    help: 'Always 1; the version of the application is a label.',
    labelNames: ['version'],
    registers,
  });
  build.set({ version }, 1);
  const requests = requestMetrics(registry);
  // What is answered before the framework is a handful of routes, each found by two looks into a map.
  const ready = { 200: new Map<string, RequestSeries>(), 304: new Map<string, RequestSeries>() };

  return {
    registry,
    count: ({ route, status, seconds }) => {
      let series = ready[status].get(route);
      if (series === undefined) {
        series = requests.seriesOf('GET', route, status);
        ready[status].set(route, series);
      }
      series.add(seconds);
    },
    middleware: async (ctx, next) => {
      const start = performance.now();
      try {
        await next();
      } finally {
        const method = METHODS.has(ctx.method) ? ctx.method : 'OTHER';
        const route =
          typeof ctx._matchedRoute === 'string' ? ctx._matchedRoute : routeOf(ctx.method, ctx.path);
        requests.seriesOf(method, route, ctx.status).add((performance.now() - start) / 1_000);
      }
    },
  };
}
