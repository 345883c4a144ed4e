import { age } from '../../terminal/words.ts';
import { type Check, type Finding, fail, warn } from '../finding.ts';
import { latest, statusOf } from './data-status.ts';

const DAY_MS = 86_400_000;

const VERIFIED_MS = 31 * DAY_MS;
const DRILL_MS = 92 * DAY_MS;
/** The guide's objectives, in seconds. */
const RTO_SECONDS = 4 * 3600;
const RPO_SECONDS = 3600;

const verified: Check = {
  id: 'verified',
  list: 'post-launch',
  item: 'Test backups monthly',
  look({ environment, resolved, parts, now }) {
    if (!resolved.spec.backup.enabled) return undefined;
    const newest = latest(parts.backups.items, ({ verifiedAt }) => verifiedAt);
    const remedy = `kubectl cryptosense drill ${environment.metadata.name} restores the newest one into a scratch database.`;
    if (newest === undefined)
      return [fail('no backup was ever verified: nobody knows whether one can be restored', remedy)];
    return now - Date.parse(newest) > VERIFIED_MS
      ? [fail(`the last verified backup is from ${age(newest, now)} ago`, remedy)]
      : [];
  },
};

const drill: Check = {
  id: 'drill',
  list: 'post-launch',
  item: 'Run DR drill quarterly',
  look({ environment, resolved, parts, now }) {
    if (!resolved.spec.backup.enabled) return undefined;
    const remedy = `kubectl cryptosense drill ${environment.metadata.name}, and set spec.backup.drillSchedule.`;
    const drills = parts.restores.items.filter(({ spec }) => (spec as { mode?: string }).mode === 'drill');
    const newest = drills
      .filter((one) => statusOf(one).completedAt !== undefined)
      .sort((a, b) => String(statusOf(b).completedAt).localeCompare(String(statusOf(a).completedAt)))[0];
    if (newest === undefined) return [warn('there was no drill yet', remedy)];
    const { completedAt, rtoSeconds = 0, rpoSeconds = 0 } = statusOf(newest);
    const findings: Finding[] = [];
    if (now - Date.parse(completedAt ?? '') > DRILL_MS)
      findings.push(warn(`the last drill was ${age(completedAt, now)} ago`, remedy));
    if (rtoSeconds > RTO_SECONDS)
      findings.push(
        fail(
          `the last drill took ${age(new Date(now - rtoSeconds * 1000).toISOString(), now)}, and the guide allows 4h`,
          'Take full backups more often, so that less log is replayed, or give the database more CPU.',
        ),
      );
    if (rpoSeconds > RPO_SECONDS)
      findings.push(
        fail(
          `the last drill lost ${age(new Date(now - rpoSeconds * 1000).toISOString(), now)} of data, and the guide allows 1h`,
          'Look whether the log is archived: kubectl cryptosense status, the bucket and its credentials.',
        ),
      );
    return findings;
  },
};

export const REHEARSALS: readonly Check[] = [verified, drill];
