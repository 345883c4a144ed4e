import { gap, gauge, series } from '../series.ts';
import { type Case, condition, DAY, HOUR } from './case.ts';

const born = (seconds: number) => ({
  [series('cryptosense_environment_created_timestamp_seconds')]: gauge([-seconds, 20]),
});
const full = { type: 'full' };

export const OPERATIONS: readonly Case[] = [
  {
    alert: 'EnvironmentNotReady',
    because: 'Ready is False from minute 10 on',
    series: { [condition('Ready')]: gauge([1, 10], [0, 10]) },
    minute: 15,
  },
  {
    alert: 'EnvironmentNotReady',
    because: 'Ready is not known',
    series: { [condition('Ready')]: gauge([-1, 20]) },
  },
  {
    alert: 'ReleaseStuck',
    because: 'Stalled is True from minute 10 on',
    series: { [condition('Stalled')]: gauge([0, 10], [1, 10]) },
    minute: 15,
  },
  {
    alert: 'ReleaseStuck',
    because: 'the candidate has waited since the beginning: 15 minutes are over after minute 15',
    series: { [series('cryptosense_release_waiting_since_timestamp_seconds')]: gauge([0, 30]) },
    minute: 21,
  },
  {
    alert: 'ReleaseRolledBack',
    because: 'one was at minute 10',
    series: { [series('cryptosense_release_rejected_timestamp_seconds')]: `${gap(10)} ${gauge([600, 10])}` },
    minute: 10,
  },
  {
    alert: 'BackupOverdue',
    because: 'the last one was complete 26 hours before minute 10',
    series: {
      ...born(10 * DAY),
      [series('cryptosense_backup_enabled')]: gauge([1, 20]),
      [series('cryptosense_backup_completed_timestamp_seconds', full)]: gauge([-26 * HOUR + 600 - 1, 20]),
      // A dump is no full backup.
      [series('cryptosense_backup_completed_timestamp_seconds', { type: 'dump' })]: gauge([0, 20]),
    },
    minute: 10,
  },
  {
    alert: 'BackupOverdue',
    because: 'there has been none since the environment was made 26 hours before minute 10',
    series: { ...born(26 * HOUR - 600 + 1), [series('cryptosense_backup_enabled')]: gauge([1, 20]) },
    minute: 10,
  },
  {
    alert: 'BackupOverdue',
    because: 'backups are switched off',
    series: { ...born(10 * DAY), [series('cryptosense_backup_enabled')]: gauge([0, 20]) },
  },
  {
    alert: 'BackupUnverified',
    because: 'the last one that is verified is 28 hours old at minute 10, newer ones are not verified',
    series: {
      ...born(10 * DAY),
      [series('cryptosense_backup_enabled')]: gauge([1, 20]),
      [series('cryptosense_backup_completed_timestamp_seconds', full)]: gauge([0, 20]),
      [series('cryptosense_backup_verified_timestamp_seconds', full)]: gauge([-28 * HOUR + 600 - 1, 20]),
    },
    minute: 10,
  },
  {
    alert: 'DrillOverdue',
    because: 'the last one was 100 days before minute 10',
    series: {
      ...born(400 * DAY),
      [series('cryptosense_drill_scheduled')]: gauge([1, 20]),
      [series('cryptosense_drill_completed_timestamp_seconds')]: gauge([-100 * DAY + 600 - 1, 20]),
    },
    minute: 10,
  },
];
