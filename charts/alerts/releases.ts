import { BY_ENVIRONMENT, DAY, ENVIRONMENT_LABELS, HOUR, MINUTE, type RuleGroup } from './rule.ts';

const WHERE = '{{ $labels.namespace }}/{{ $labels.environment }}';

/** By what the operator says of each environment. */
export const RELEASES: RuleGroup = {
  name: 'cryptosense-releases',
  about: 'environment',
  rules: [
    {
      name: 'EnvironmentNotReady',
      severity: 'page',
      expr: ({ of }) =>
        `max ${BY_ENVIRONMENT} (${of('cryptosense_environment_condition', 'type="Ready"')}) == 0`,
      forSeconds: 5 * MINUTE,
      summary: `${WHERE} is not ready.`,
      description:
        'A component that requests need has not been ready for five minutes. kubectl describe cse names it in status.waitingFor.',
      runbook: 'environment-not-ready',
    },
    {
      name: 'ReleaseStuck',
      severity: 'slack',
      expr: ({ of, seconds }) => {
        const stalled = `max ${BY_ENVIRONMENT} (${of('cryptosense_environment_condition', 'type="Stalled"')}) == 1`;
        const waiting = `time() - max ${BY_ENVIRONMENT} (${of('cryptosense_release_waiting_since_timestamp_seconds')})`;
        return `${stalled} or ${waiting} > ${seconds(15 * MINUTE)}`;
      },
      forSeconds: 5 * MINUTE,
      summary: `The release of ${WHERE} does not go on.`,
      description:
        'Somebody has to do something: the condition Stalled is True, or the candidate has waited for more than 15 minutes. The summary of the environment says for what.',
      runbook: 'release-stuck',
    },
    {
      name: 'ReleaseRolledBack',
      severity: 'slack',
      expr: ({ of }) => `max ${BY_ENVIRONMENT} (${of('cryptosense_release_rejected_timestamp_seconds')}) > 0`,
      summary: `A release of ${WHERE} was rolled back.`,
      description:
        'The release before it serves. It is not tried again until its inputs change or a retry is asked for; until then this alert stays.',
      runbook: 'release-rolled-back',
    },
  ],
};

const FULL = 'type="full"';
/** The guide's backup is daily; two hours are for taking it. */
const OVERDUE = 26 * HOUR;
/** And two more for restoring it. */
const UNVERIFIED = 28 * HOUR;
/** The guide's drill is quarterly; a week is for looking into a failed one. */
const DRILL = 100 * DAY;

/** Environments that take backups, and are older than `age`: nothing is overdue in a new one. */
function expected(of: (metric: string) => string, what: string, age: number): string {
  const born = `max ${BY_ENVIRONMENT} (${of('cryptosense_environment_created_timestamp_seconds')})`;
  return `(max ${BY_ENVIRONMENT} (${of(what)}) == 1 and time() - ${born} > ${age})`;
}

export const BACKUPS: RuleGroup = {
  name: 'cryptosense-backups',
  about: 'environment',
  rules: [
    {
      name: 'BackupOverdue',
      severity: 'page',
      expr: ({ of, seconds }) => {
        const age = seconds(OVERDUE);
        const last = `max ${BY_ENVIRONMENT} (${of('cryptosense_backup_completed_timestamp_seconds', FULL)})`;
        return `${expected(of, 'cryptosense_backup_enabled', age)} unless time() - ${last} <= ${age}`;
      },
      summary: `${WHERE} has had no full backup for 26 hours.`,
      description:
        'One is taken every day. Look at the last CryptoSenseBackup and at the log of its Job; take one by hand.',
      runbook: 'backup-overdue',
    },
    {
      name: 'BackupUnverified',
      severity: 'slack',
      expr: ({ of, seconds }) => {
        const age = seconds(UNVERIFIED);
        const last = `max ${BY_ENVIRONMENT} (${of('cryptosense_backup_verified_timestamp_seconds', FULL)})`;
        return `${expected(of, 'cryptosense_backup_enabled', age)} unless time() - ${last} <= ${age}`;
      },
      summary: `No full backup of ${WHERE} from the last 28 hours is known to be restorable.`,
      description:
        'A backup counts when a restore of it has started and answered. Migrations with the gate "verified" wait for one.',
      runbook: 'backup-overdue#none-is-verified',
    },
    {
      name: 'DrillOverdue',
      severity: 'slack',
      by: ENVIRONMENT_LABELS,
      expr: ({ of, seconds }) => {
        const age = seconds(DRILL);
        const last = `max ${BY_ENVIRONMENT} (${of('cryptosense_drill_completed_timestamp_seconds')})`;
        return `${expected(of, 'cryptosense_drill_scheduled', age)} unless time() - ${last} <= ${age}`;
      },
      summary: `A restore of ${WHERE} has not been rehearsed for 100 days.`,
      description: 'The drill is quarterly. Look why the last one failed, or rehearse by hand.',
      runbook: 'drill-overdue',
    },
  ],
};
