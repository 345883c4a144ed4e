import * as assert from 'uvu/assert';
import { countRequests, totalsOf } from '../../../operator/environment/measure/counters.ts';
import { slowerThan } from '../../../operator/environment/measure/durations.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('counting requests');
const line = (route: string, status: number, value: string) =>
  `http_requests_total{method="GET",route="${route}",status="${status}"} ${value}`;

test('all answers count as requests and 5xx alone as errors', () => {
  const page = [line('/', 200, '90'), line('/', 404, '5'), line('/', 500, '3'), line('/', 503, '2')].join(
    '\n',
  );
  assert.equal(countRequests(page), { requests: 100, errors: 5 });
});

test('probes and scrapes of the pod are not requests of users', () => {
  const own = ['/health', '/health/ready', '/health/detailed', '/metrics'];
  const page = [...own.map((route) => line(route, 503, '7000')), line('/api/prices/:symbol', 200, '1')];
  assert.equal(countRequests(page.join('\n')), { requests: 1, errors: 0 });
});

test('a dead predictor fails no release, a release that breaks forecasts does', () => {
  const route = '/api/predictions/:symbol';
  const page = [line('/', 200, '90'), line(route, 503, '7000'), line(route, 200, '5'), line(route, 500, '5')];
  assert.equal(countRequests(page.join('\n')), { requests: 100, errors: 5 });
});

test('neither a time stamp nor an exemplar is taken for the value', () => {
  const page = `${line('/', 200, '7')} 1767607200000
${line('/', 500, '2')} # {trace_id="4bf9"} 0.67 1767607200.1`;
  assert.equal(countRequests(page), { requests: 9, errors: 2 });
});

test('a brace or an escaped quote in a label ends nothing', () => {
  const page = `${line('/api/{symbol}', 200, '4')}\n${line('/api/\\"}', 500, '1')}`;
  assert.equal(countRequests(page), { requests: 5, errors: 1 });
});

test('what is no number does not count', () => {
  const page = ['NaN', '+Inf', '', 'x'].map((value) => line('/', 500, value)).join('\n');
  assert.equal(countRequests(`${page}\n${line('/', 200, '1e3')}`), { requests: 1000, errors: 0 });
});

test('comments and other series do not count', () => {
  const page = `# HELP http_requests_total all
# TYPE http_requests_total counter
http_requests_total_sum{status="500"} 5
xhttp_requests_total{status="500"} 5
${line('/', 200, '3')}\r`;
  assert.equal(countRequests(page), { requests: 3, errors: 0 });
});

const histogram = (route: string, ...counts: [string, number][]) =>
  [
    '# TYPE http_request_duration_seconds histogram',
    ...counts.map(
      ([le, count]) =>
        `http_request_duration_seconds_bucket{le="${le}",method="GET",route="${route}",status_class="2xx"} ${count}`,
    ),
    `http_request_duration_seconds_count{method="GET",route="${route}",status_class="2xx"} ${counts.at(-1)?.[1]}`,
  ].join('\n');
const slower = (page: string, seconds: number) => {
  const { durations } = totalsOf(page);
  assert.ok(durations);
  return slowerThan(durations, seconds);
};
const USUAL: [string, number][] = [
  ['0.5', 60],
  ['1', 90],
  ['2.5', 96],
  ['+Inf', 100],
];

test('requests that took longer than a bound are counted exactly, between two bounds they are spread evenly', () => {
  const page = histogram('/', ...USUAL);
  assert.is(slower(page, 1), 10);
  assert.is(slower(page, 0.75), 25);
  assert.is(slower(page, 0.25), 70);
  assert.is(slower(page, 60), 4);
});

test('histograms of all routes add up, without the probes', () => {
  const page = [histogram('/', ...USUAL), histogram('/api', ...USUAL), histogram('/health', ...USUAL)].join(
    '\n',
  );
  assert.is(slower(page, 1), 20);
  assert.is(totalsOf(page).durations?.count, 200);
});

test('a pod that has answered nothing has a histogram of nothing, and one without the metric has none', () => {
  assert.is(totalsOf('# TYPE http_request_duration_seconds histogram\n').durations?.count, 0);
  assert.is(totalsOf(line('/', 200, '7')).durations, undefined);
});

test.run();
