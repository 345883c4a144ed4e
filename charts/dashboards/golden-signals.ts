import { API, type Dashboard, of, one, rate, USERS } from './dashboard.ts';

const quantile = (q: number, by = '') =>
  `histogram_quantile(${q}, sum by (le${by}) (${rate('http_request_duration_seconds_bucket', API, USERS)}))`;
const requests = (...matchers: string[]) => rate('http_requests_total', API, USERS, ...matchers);

/** The guide's golden signals: latency, traffic, errors, saturation. */
export const GOLDEN_SIGNALS: Dashboard = {
  uid: 'cryptosense-golden-signals',
  title: 'CryptoSense: golden signals',
  description: 'How users are served, and how full the service is.',
  about: 'environment',
  rows: [
    {
      title: 'Latency',
      panels: [
        {
          title: 'Answers',
          description:
            'The half, 95 % and 99 % of all answers took at most so long. Above one second for 95 % an alert fires.',
          kind: 'timeseries',
          unit: 's',
          limit: 1,
          queries: [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q), legend: `${q * 100} %` })),
        },
        {
          title: '95 % by route',
          description: 'Which of the routes are slow.',
          kind: 'timeseries',
          unit: 's',
          limit: 1,
          queries: one(quantile(0.95, ', route'), '{{route}}'),
        },
        {
          title: '95 % by release',
          description: 'The candidate beside the stable release.',
          kind: 'timeseries',
          unit: 's',
          queries: one(quantile(0.95, ', cryptosense_io_revision'), '{{cryptosense_io_revision}}'),
        },
      ],
    },
    {
      title: 'Traffic',
      panels: [
        {
          title: 'Requests',
          description: 'Of users, a second, by route.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: one(`sum by (route) (${requests()})`, '{{route}}'),
        },
        {
          title: 'Open streams',
          description: 'Clients that listen to prices now.',
          kind: 'timeseries',
          unit: 'short',
          queries: one(`sum(${of('cryptosense_stream_clients', API)})`, 'streams'),
        },
        {
          title: 'Prices by where they came from',
          description: 'stale: the database failed, and what was still known was given.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: one(`sum by (source) (${rate('cryptosense_price_lookups_total', API)})`, '{{source}}'),
        },
      ],
    },
    {
      title: 'Errors',
      panels: [
        {
          title: 'Share of failures',
          description: 'Of all answers those with 5xx; above 5 % for 15 minutes an alert fires.',
          kind: 'timeseries',
          unit: 'percentunit',
          limit: 0.05,
          queries: [
            { expr: `(sum(${requests('status=~"5.."')}) or vector(0)) / sum(${requests()})`, legend: '5xx' },
            { expr: `(sum(${requests('status=~"4.."')}) or vector(0)) / sum(${requests()})`, legend: '4xx' },
          ],
        },
        {
          title: 'Failures by route and status',
          description: 'A second.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: one(`sum by (route, status) (${requests('status=~"5.."')})`, '{{status}} {{route}}'),
        },
        {
          title: 'What others failed',
          description:
            'Polls of the market data and attempts to reach the database that went wrong, a second.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: [
            {
              expr: `sum by (feed) (${rate('cryptosense_feed_errors_total', API)})`,
              legend: 'feed {{feed}}',
            },
            {
              expr: `sum(${rate('cryptosense_database_attempts_total', API, 'result="failed"')})`,
              legend: 'database',
            },
          ],
        },
        {
          title: 'Objective: 99.9 % without a 5xx',
          description: 'Share of failures over an hour, a day and three days. The objective allows 0.1 %.',
          kind: 'timeseries',
          unit: 'percentunit',
          limit: 0.001,
          queries: ['1h', '1d', '3d'].map((window) => ({
            expr: of(`cryptosense:requests_failed:ratio_rate${window}`),
            legend: window,
          })),
        },
      ],
    },
    {
      title: 'Saturation',
      panels: [
        {
          title: 'CPU of the pods',
          description:
            'Of what they ask for. The autoscaler aims at 70 %, above 80 % for 20 minutes an alert fires.',
          kind: 'timeseries',
          unit: 'percentunit',
          limit: 0.8,
          queries: one(
            `sum by (pod) (${rate('process_cpu_seconds_total', API)}) / on () group_left () max(${of('cryptosense_api_cpu_request_cores')})`,
            '{{pod}}',
          ),
        },
        {
          title: 'Memory of the pods',
          description: 'One that only ever grows leaks.',
          kind: 'timeseries',
          unit: 'bytes',
          queries: one(`sum by (pod) (${of('process_resident_memory_bytes', API)})`, '{{pod}}'),
        },
        {
          title: 'Event loop',
          description:
            'How late the 99th percentile of what Node does is: a loop that is held up makes every request slow.',
          kind: 'timeseries',
          unit: 's',
          queries: one(`max by (pod) (${of('nodejs_eventloop_lag_p99_seconds', API)})`, '{{pod}}'),
        },
        {
          title: 'Volumes',
          description: 'Used share. Alerts fire at 80 % and at 95 %.',
          kind: 'timeseries',
          unit: 'percentunit',
          limit: 0.8,
          queries: one(
            'max by (persistentvolumeclaim) (kubelet_volume_stats_used_bytes{namespace="$namespace", persistentvolumeclaim=~"data-$environment-.*"} / kubelet_volume_stats_capacity_bytes{namespace="$namespace", persistentvolumeclaim=~"data-$environment-.*"})',
            '{{persistentvolumeclaim}}',
          ),
        },
      ],
    },
  ],
};
