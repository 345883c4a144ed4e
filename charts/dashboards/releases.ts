import { API, type Dashboard, of, one, rate, USERS } from './dashboard.ts';

const requests = (...matchers: string[]) => rate('http_requests_total', API, USERS, ...matchers);
const byRelease = (expr: string) => `sum by (cryptosense_io_revision) (${expr})`;

/** Releases of an environment: what is tried, how it does beside the stable one, and whether backups are there for it. */
export const RELEASES: Dashboard = {
  uid: 'cryptosense-releases',
  title: 'CryptoSense: releases',
  description: 'What is being released, how it does beside what serves, and what it could be undone with.',
  about: 'environment',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Ready',
          description: '1: every component is ready and the stable release serves.',
          kind: 'stat',
          unit: 'short',
          queries: one(`max(${of('cryptosense_environment_condition', 'type="Ready"')})`, 'Ready'),
        },
        {
          title: 'Phase',
          description: 'What the release is at, and for how long.',
          kind: 'stat',
          unit: 'dtdurations',
          queries: one(
            `time() - max by (phase) (${of('cryptosense_release_phase')} * on (namespace, environment) group_left () ${of('cryptosense_release_phase_since_timestamp_seconds')})`,
            '{{phase}}',
          ),
        },
        {
          title: 'Pods of the stable release',
          description: 'Ready ones, and how many there should be.',
          kind: 'stat',
          unit: 'short',
          queries: [
            { expr: `max(${of('cryptosense_environment_ready_replicas')})`, legend: 'ready' },
            { expr: `max(${of('cryptosense_environment_replicas')})`, legend: 'wanted' },
          ],
        },
        {
          title: 'Last full backup',
          description: 'How old it is; above 26 hours an alert fires.',
          kind: 'stat',
          unit: 'dtdurations',
          limit: 93_600,
          queries: [
            {
              expr: `time() - max(${of('cryptosense_backup_completed_timestamp_seconds', 'type="full"')})`,
              legend: 'complete',
            },
            {
              expr: `time() - max(${of('cryptosense_backup_verified_timestamp_seconds', 'type="full"')})`,
              legend: 'verified',
            },
          ],
        },
      ],
    },
    {
      title: 'The candidate beside the stable release',
      panels: [
        {
          title: 'Share of requests',
          description: 'That the router has confirmed for the candidate.',
          kind: 'timeseries',
          unit: 'percentunit',
          queries: one(`max(${of('cryptosense_release_candidate_weight_ratio')})`, 'candidate'),
        },
        {
          title: 'Requests by release',
          description: 'A second.',
          kind: 'timeseries',
          unit: 'reqps',
          queries: one(byRelease(requests()), '{{cryptosense_io_revision}}'),
        },
        {
          title: 'Share of failures by release',
          description: 'Answers with 5xx.',
          kind: 'timeseries',
          unit: 'percentunit',
          limit: 0.05,
          queries: one(
            `(${byRelease(requests('status=~"5.."'))} or 0 * ${byRelease(requests())}) / ${byRelease(requests())}`,
            '{{cryptosense_io_revision}}',
          ),
        },
        {
          title: 'CPU by release and request',
          description: 'Seconds of CPU for one request: what a release costs more than the one before.',
          kind: 'timeseries',
          unit: 's',
          queries: one(
            `${byRelease(rate('process_cpu_seconds_total', API))} / ${byRelease(requests())}`,
            '{{cryptosense_io_revision}}',
          ),
        },
      ],
    },
    {
      title: 'Components',
      panels: [
        {
          title: 'Pods that are missing',
          description: 'Of each component besides the API.',
          kind: 'timeseries',
          unit: 'short',
          limit: 1,
          queries: one(
            `max by (component) (${of('cryptosense_component_pods')} - ${of('cryptosense_component_ready_pods')})`,
            '{{component}}',
          ),
        },
        {
          title: 'Conditions that are False',
          description: 'Ready first; the others say why.',
          kind: 'timeseries',
          unit: 'short',
          queries: one(
            `max by (type) (${of('cryptosense_environment_condition', 'type=~".*Ready"')} == bool 0)`,
            '{{type}}',
          ),
        },
      ],
    },
  ],
};
