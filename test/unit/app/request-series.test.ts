import fc from 'fast-check';
import { Counter, Histogram, Registry } from 'prom-client';
import * as assert from 'uvu/assert';
import { requestMetrics } from '../../../app/telemetry/request-series.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('counts of requests');

const answered = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  route: fc.constantFrom('/api/prices/:symbol', '/a "b"\\c', 'unmatched'),
  status: fc.constantFrom(200, 204, 304, 404, 500),
  seconds: fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.constantFrom(0, 0.005, 1, 10, 10.0001)),
});

/** The same as prom-client counts it by itself. */
function reference() {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'http_requests_total',
    help: 'Requests answered, by method, route pattern and status code.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Seconds from the request to its answer, by method, route pattern and class of status (2xx, 5xx).',
    labelNames: ['method', 'route', 'status_class'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return { registry, requests, durations };
}

test('a scrape shows exactly what prom-client would show, also between and after others', async () => {
  const rounds = fc.array(fc.array(answered, { maxLength: 30 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(rounds, async (found) => {
      const registry = new Registry();
      const ours = requestMetrics(registry);
      const theirs = reference();
      for (const round of found) {
        for (const { method, route, status, seconds } of round) {
          ours.seriesOf(method, route, status).add(seconds);
          theirs.requests.inc({ method, route, status: String(status) });
          const status_class = `${Math.floor(status / 100)}xx`;
          theirs.durations.observe({ method, route, status_class }, seconds);
        }
        assert.is(await registry.metrics(), await theirs.registry.metrics());
      }
    }),
  );
});

test('the same labels are the same series', () => {
  const metrics = requestMetrics(new Registry());
  assert.is(metrics.seriesOf('GET', '/a', 200), metrics.seriesOf('GET', '/a', 200));
  assert.is.not(metrics.seriesOf('GET', '/a', 200), metrics.seriesOf('GET', '/a', 304));
});

test.run();
