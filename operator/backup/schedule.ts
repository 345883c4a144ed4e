import { Cron } from 'croner';
import type { BackupType } from './record.ts';

const MINUTE_MS = 60_000;

/** A CronJob makes its Job up to so much later than its slot; after that the slot is missed and never made up for. */
export const STARTING_DEADLINE_SECONDS = 3600;

/** How many missed slots are named; a schedule of every minute must not make a list without end. */
const MOST_MISSED = 10;

/**
 * Name of the CryptoSenseBackup of a slot, or of the CryptoSenseRestore that rehearses: the same however often it is tried, so that no slot has two backups.
 * `slot`: the time that the schedule names, in milliseconds since 1970.
 */
export function slotName(environment: string, type: BackupType | 'drill', slot: number): string {
  const [date, time] = new Date(slot).toISOString().slice(0, 16).replaceAll(/[-:]/g, '').split('T');
  return `${environment}-${type}-${date}-${time}`;
}

/** Whether the name is that of a slot of this environment: of a backup by schedule, not one that somebody asked for. */
export function isSlotName(environment: string, type: BackupType, name: string): boolean {
  const start = `${environment}-${type}-`;
  return name.startsWith(start) && /^[0-9]{8}-[0-9]{4}$/.test(name.slice(start.length));
}

/**
 * The slot of a Job that a CronJob made: Kubernetes ends such a Job's name with the minutes since 1970 of the scheduled
 * time. Undefined for any other Job (`kubectl create job --from`).
 */
export function slotOfJob(cronJob: string, job: string): number | undefined {
  const minutes = job.startsWith(`${cronJob}-`) ? job.slice(cronJob.length + 1) : '';
  return /^[0-9]{8}$/.test(minutes) ? Number(minutes) * MINUTE_MS : undefined;
}

/** The first slot after `after`, both in milliseconds since 1970; undefined when there is none (30 February). */
export function nextSlot(schedule: string, after: number): number | undefined {
  return cron(schedule).nextRun(new Date(after))?.getTime();
}

/** The newest slot that is not after `now`. */
export function lastSlot(schedule: string, now: number): number | undefined {
  // It looks for those before, in whole seconds: a slot that is right now is one, and one in half a second is not.
  const around = cron(schedule).previousRuns(2, new Date(now + 1000));
  return around.map((date) => date.getTime()).find((slot) => slot <= now);
}

/**
 * The newest slots after `since` for which there is no backup and will be none, oldest first: each is skipped. What may
 * still begin is not missed. `taken`: the names of the backups that there are. Pure.
 */
export function missedSlots(
  { environment, schedule }: { environment: string; schedule: string },
  taken: ReadonlySet<string>,
  { since, now }: { since: number; now: number },
): number[] {
  const missed: number[] = [];
  const tooLate = now - STARTING_DEADLINE_SECONDS * 1000;
  const slots = cron(schedule).previousRuns(MOST_MISSED, new Date(tooLate + 1000));
  for (const slot of slots.map((date) => date.getTime()).filter((at) => at > since)) {
    if (!taken.has(slotName(environment, 'full', slot))) missed.unshift(slot);
  }
  return missed;
}

function cron(schedule: string): Cron {
  return new Cron(schedule, { timezone: 'UTC', mode: '5-part' });
}
