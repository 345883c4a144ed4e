import { HOUR, MINUTE, type RuleGroup } from './rule.ts';

/** About the operator itself. It is not in the data path: nothing of this pages anybody. */
export const OPERATOR: RuleGroup = {
  name: 'cryptosense-operator',
  about: 'operator',
  rules: [
    {
      name: 'OperatorDown',
      severity: 'slack',
      by: [],
      expr: () => 'absent(up{job="cryptosense-operator"} == 1)',
      forSeconds: 5 * MINUTE,
      summary: 'The operator of CryptoSense is down.',
      description:
        'Requests are served and backups are taken; releases stand still, and nothing of what goes wrong is mended. Look at its pod.',
      runbook: 'operator-down',
    },
    {
      name: 'OperatorErrors',
      severity: 'slack',
      by: ['controller'],
      expr: ({ range }) =>
        `sum by (controller) (increase(controller_runtime_reconcile_errors_total{controller="cryptosenseenvironment"}[${range(15 * MINUTE)}])) > 10`,
      forSeconds: 15 * MINUTE,
      summary: 'The operator of CryptoSense fails at its work again and again.',
      description:
        'More than ten times in 15 minutes, for 15 minutes. Its log and the Events of the environments say at what.',
      runbook: 'operator-errors',
    },
    {
      name: 'NotificationsLost',
      severity: 'slack',
      by: ['type', 'reason'],
      expr: ({ range }) =>
        `sum by (type, reason) (increase(cryptosense_notifications_lost_total[${range(HOUR)}])) > 0`,
      summary:
        'Messages of the operator did not reach a receiver ({{ $labels.type }}: {{ $labels.reason }}).',
      description:
        'They are not tried again. The condition NotificationsReady of an environment names the receiver.',
      runbook: 'notifications-lost',
    },
  ],
};
