import { type Dashboard, one } from './dashboard.ts';

const OURS = '{controller="cryptosenseenvironment"}';
const histogram = (q: number, metric: string, labels = '') =>
  `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket${labels}[$__rate_interval])))`;

/** The operator itself, and all environments at a glance. */
export const OPERATOR: Dashboard = {
  uid: 'cryptosense-operator',
  title: 'CryptoSense: operator',
  description: 'All environments at a glance, and how the operator keeps up.',
  about: 'operator',
  rows: [
    {
      title: 'Environments',
      panels: [
        {
          title: 'Environments',
          description: 'By tier.',
          kind: 'stat',
          unit: 'short',
          queries: one(
            'count by (tier) (max by (namespace, environment, tier) (cryptosense_environment_info))',
            '{{tier}}',
          ),
        },
        {
          title: 'Not ready',
          description: 'Ready is False.',
          kind: 'stat',
          unit: 'short',
          limit: 1,
          queries: one(
            'count(max by (namespace, environment) (cryptosense_environment_condition{type="Ready"}) == 0) or vector(0)',
            'not ready',
          ),
        },
        {
          title: 'Releases by phase',
          description: 'waiting and frozen want to be looked at.',
          kind: 'timeseries',
          unit: 'short',
          queries: one(
            'count by (phase) (max by (namespace, environment, phase) (cryptosense_release_phase))',
            '{{phase}}',
          ),
        },
      ],
    },
    {
      title: 'Work',
      panels: [
        {
          title: 'From an event to a plan',
          description: 'How long an environment waits for a plan that knows the event.',
          kind: 'timeseries',
          unit: 's',
          queries: [0.5, 0.99].map((q) => ({
            expr: histogram(q, 'cryptosense_watch_to_plan_seconds'),
            legend: `${q * 100} %`,
          })),
        },
        {
          title: 'Reconciliations',
          description: 'A second, by result.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: one(
            `sum by (result) (rate(controller_runtime_reconcile_total${OURS}[$__rate_interval]))`,
            '{{result}}',
          ),
        },
        {
          title: 'Length of a reconciliation',
          description: 'The half, and 99 % of them.',
          kind: 'timeseries',
          unit: 's',
          queries: [0.5, 0.99].map((q) => ({
            expr: histogram(q, 'controller_runtime_reconcile_time_seconds', OURS),
            legend: `${q * 100} %`,
          })),
        },
        {
          title: 'Queue',
          description: 'Environments that wait for a worker.',
          kind: 'timeseries',
          unit: 'short',
          queries: one('max(workqueue_depth)', 'waiting'),
        },
        {
          title: 'Requests to the API server',
          description: 'A second, by code.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: one('sum by (code) (rate(rest_client_requests_total[$__rate_interval]))', '{{code}}'),
        },
        {
          title: 'Messages',
          description: 'Tries to deliver one, a second, by result.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: one(
            'sum by (result) (rate(cryptosense_notification_tries_total[$__rate_interval]))',
            '{{result}}',
          ),
        },
      ],
    },
    {
      title: 'The process',
      panels: [
        {
          title: 'Memory',
          description: 'Resident.',
          kind: 'timeseries',
          unit: 'bytes',
          queries: one('process_resident_memory_bytes{job="cryptosense-operator"}', '{{pod}}'),
        },
        {
          title: 'CPU',
          description: 'Cores.',
          kind: 'timeseries',
          unit: 'short',
          queries: one(
            'rate(process_cpu_seconds_total{job="cryptosense-operator"}[$__rate_interval])',
            '{{pod}}',
          ),
        },
        {
          title: 'Who leads',
          description: 'One.',
          kind: 'timeseries',
          unit: 'short',
          queries: one('leader_election_master_status{job="cryptosense-operator"}', '{{pod}}'),
        },
      ],
    },
  ],
};
