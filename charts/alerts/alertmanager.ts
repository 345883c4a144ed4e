import { ALERT_SEVERITIES, type AlertSeverity } from './rule.ts';
import { alertName } from './rule-groups.ts';

/** Where Alertmanager finds what is secret: files, so that the configuration itself can be shown to anybody. */
const SECRETS = '/etc/alertmanager/secrets';

const RECEIVER: Record<AlertSeverity, string> = {
  page: 'on-call',
  'page-ceo': 'on-call-and-ceo',
  slack: 'slack',
};

const pager = (key: string) => ({ routing_key_file: `${SECRETS}/${key}`, send_resolved: true });

const SLACK = {
  api_url_file: `${SECRETS}/slack-url`,
  channel: '#cryptosense-alerts',
  send_resolved: true,
  title: '{{ .CommonAnnotations.summary }}',
  text: '{{ range .Alerts }}{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}',
};

/** Alerts that say nothing new while another of the same environment fires. */
const INHIBITED: readonly { by: string; silent: readonly string[] }[] = [
  {
    by: 'DatabaseDown',
    silent: [
      'EnvironmentNotReady',
      'ErrorSpike',
      'ErrorRate',
      'HighLatency',
      'AvailabilityBurnsFast',
      'LatencyBurnsFast',
      'ReleaseStuck',
      'TargetDown',
    ],
  },
  { by: 'ApiDown', silent: ['EnvironmentNotReady', 'ErrorRate', 'HighLatency', 'TargetDown'] },
  { by: 'DiskFull', silent: ['DiskFilling'] },
  { by: 'ErrorSpike', silent: ['ErrorRate'] },
  { by: 'AvailabilityBurnsFast', silent: ['AvailabilityBurnsSlowly'] },
  { by: 'LatencyBurnsFast', silent: ['LatencyBurnsSlowly', 'HighLatency'] },
];

/**
 * Alertmanager's configuration: a page goes to the person on call, a page of the highest kind to the CEO as well,
 * everything else to Slack, where pages can be read, too.
 */
export function alertmanagerConfig(): object {
  const matching = (severity: AlertSeverity) => [`severity="${severity}"`];
  return {
    route: {
      receiver: RECEIVER.slack,
      group_by: ['alertname', 'namespace', 'environment'],
      group_wait: '10s',
      group_interval: '5m',
      repeat_interval: '12h',
      routes: ALERT_SEVERITIES.filter((severity) => severity !== 'slack').map((severity) => ({
        matchers: matching(severity),
        receiver: RECEIVER[severity],
        // Ten seconds are enough to put an outage into one message.
        group_wait: '10s',
        repeat_interval: '1h',
      })),
    },
    receivers: [
      { name: RECEIVER.slack, slack_configs: [SLACK] },
      { name: RECEIVER.page, pagerduty_configs: [pager('on-call-key')], slack_configs: [SLACK] },
      {
        name: RECEIVER['page-ceo'],
        pagerduty_configs: [pager('on-call-key'), pager('ceo-key')],
        slack_configs: [SLACK],
      },
    ],
    inhibit_rules: INHIBITED.map(({ by, silent }) => ({
      source_matchers: [`alertname="${alertName({ name: by })}"`],
      target_matchers: [`alertname=~"${silent.map((name) => alertName({ name })).join('|')}"`],
      equal: ['namespace', 'environment'],
    })),
  };
}
