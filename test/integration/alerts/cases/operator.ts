import { counter, gauge } from '../series.ts';
import type { Case } from './case.ts';

export const OPERATOR: readonly Case[] = [
  {
    alert: 'OperatorDown',
    because: 'it does not answer from minute 10 on',
    series: { 'up{job="cryptosense-operator"}': gauge([1, 10], [0, 10]) },
    minute: 15,
  },
  {
    alert: 'OperatorDown',
    because: 'nothing knows of it from minute 10 on',
    series: { 'up{job="cryptosense-operator"}': `${gauge([1, 10])} stale` },
    minute: 15,
  },
  {
    alert: 'OperatorErrors',
    because: 'it fails twice a minute: more than ten times after minute 5, and 15 minutes of that',
    series: {
      'controller_runtime_reconcile_errors_total{controller="cryptosenseenvironment"}': counter([2, 40]),
    },
    minute: 21,
    labels: { controller: 'cryptosenseenvironment' },
  },
  {
    alert: 'NotificationsLost',
    because: 'one is lost at minute 10',
    series: {
      'cryptosense_notifications_lost_total{type="slack",reason="expired"}': gauge([0, 10], [1, 10]),
    },
    minute: 10,
    labels: { type: 'slack', reason: 'expired' },
  },
];
