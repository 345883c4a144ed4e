import type { KubeObject } from '../../../operator/kube/resources.ts';
import { plural } from '../../terminal/words.ts';
import { type Check, type Finding, fail, warn } from '../finding.ts';
import { conditionOf } from './launch.ts';

const monitoring: Check = {
  id: 'monitoring',
  list: 'pre-launch',
  item: 'Monitoring and alerting configured',
  look(facts) {
    const { resolved, cluster, groups } = facts;
    const { serviceMonitor } = resolved.spec.observability;
    const isImportant = ['production', 'staging'].includes(resolved.spec.tier);
    const findings: Finding[] = [];
    if (!serviceMonitor.enabled && isImportant)
      findings.push(
        warn(
          'nothing tells Prometheus of the pods: observability.serviceMonitor.enabled is false',
          'Take it out of the resource, or scrape the pods in another way.',
        ),
      );
    if (!groups.includes('monitoring.coreos.com')) {
      if (isImportant)
        findings.push(
          warn(
            'the cluster has no Prometheus operator: no metrics are gathered, no alert fires',
            'Install it, or scrape and alert with plain Prometheus: docs/network.md.',
          ),
        );
    } else if (cluster.rules.missing === undefined && isImportant) {
      const own = cluster.rules.items.filter((rule) =>
        JSON.stringify(rule.spec ?? {}).includes('cryptosense'),
      );
      if (own.length === 0)
        findings.push(
          warn(
            'no PrometheusRule is about CryptoSense: no alert fires',
            'Apply the rules of the installation, or write your own.',
          ),
        );
    }
    if (resolved.spec.notifications.webhooks.length === 0 && resolved.spec.tier === 'production')
      findings.push(
        warn(
          'nobody is told of a rollback: spec.notifications.webhooks is empty',
          'Name a Slack channel or a receiver of your own: examples/features/notifications.yaml.',
        ),
      );
    const told = conditionOf(facts, 'NotificationsReady');
    if (told?.status === 'False')
      findings.push(fail(`messages do not get through: ${told.message}`, 'docs/notifications.md.'));
    return findings;
  },
};

const runbooks: Check = {
  id: 'runbooks',
  list: 'post-launch',
  item: 'Update runbooks as needed',
  look({ cluster }) {
    const rules = cluster.rules.items.flatMap(alertsOf).filter(({ text }) => text.includes('cryptosense'));
    const without = rules.filter(({ runbook }) => runbook === undefined);
    if (without.length === 0) return [];
    return [
      warn(
        `${plural(without.length, 'alert')} without a runbook_url: ${without
          .map(({ name }) => name)
          .slice(0, 5)
          .join(', ')}`,
        'Give each the annotation runbook_url, so that who is called knows what to do.',
      ),
    ];
  },
};

function alertsOf(rule: KubeObject): { name: string; runbook: string | undefined; text: string }[] {
  const { groups = [] } = (rule.spec ?? {}) as {
    groups?: { rules?: { alert?: string; annotations?: Record<string, string> }[] }[];
  };
  return groups.flatMap(({ rules = [] }) =>
    rules.flatMap((one) =>
      one.alert === undefined
        ? []
        : [{ name: one.alert, runbook: one.annotations?.runbook_url, text: JSON.stringify(one) }],
    ),
  );
}

export const MONITORING: readonly Check[] = [monitoring, runbooks];
