import { lastSlot, nextSlot, slotName } from '../backup/schedule.ts';
import { is, type RestoreView } from './view.ts';

const HOUR_MS = 3_600_000;

/** A rehearsal that could not begin within a day of its time is skipped: the next one is what counts then. */
const LATEST_MS = 24 * HOUR_MS;

/** A restore into scratch space that came to a good end. */
export interface Drill {
  name: string;
  /** RFC 3339. */
  time: string;
  rtoSeconds: number;
  rpoSeconds: number;
}

/** What rehearsals are judged by. Times in milliseconds since 1970. */
export interface Calendar {
  environment: string;
  schedule: string;
  /** From when on there is something to restore. */
  since: number;
  now: number;
}

/** The rehearsal that is to begin now, if there is one. Pure. */
export function dueDrill(calendar: Calendar, restores: readonly RestoreView[]): string | undefined {
  const slot = slotOf(calendar);
  if (slot === undefined || calendar.now - slot > LATEST_MS) return undefined;
  const name = slotName(calendar.environment, 'drill', slot);
  return restores.some((one) => one.name === name) ? undefined : name;
}

/** In how many milliseconds the next rehearsal is due, or overdue. */
export function untilDrill({ schedule, now, ...calendar }: Calendar): number {
  const slot = slotOf({ schedule, now, ...calendar });
  const next = nextSlot(schedule, now) ?? Number.POSITIVE_INFINITY;
  const late = slot === undefined ? Number.POSITIVE_INFINITY : slot + LATEST_MS + 1;
  return (late > now ? Math.min(late, next) : next) - now;
}

/** The newest drill that came to a good end; `before`: what was known of one whose resource is gone. */
export function lastDrill(restores: readonly RestoreView[], before?: Drill): Drill | undefined {
  const drills = restores
    .filter(({ spec, status }) => spec.mode === 'drill' && is(status, 'Completed'))
    .map(({ name, status: { completedAt = '', rtoSeconds = 0, rpoSeconds = 0 } }): Drill => {
      return { name, time: completedAt, rtoSeconds, rpoSeconds };
    });
  return [...(before ? [before] : []), ...drills]
    .sort((a, b) => Date.parse(a.time) - Date.parse(b.time))
    .at(-1);
}

/** Whether a restore was rehearsed as it should be: a verdict for the environment's status. Pure. */
export function rehearsed(
  calendar: Calendar,
  restores: readonly RestoreView[],
  last: Drill | undefined,
): { status: 'True' | 'False' | 'Unknown'; reason: string; message: string } {
  const slot = slotOf(calendar);
  const next = nextSlot(calendar.schedule, calendar.now);
  const then = next === undefined ? '' : ` The next one is at ${iso(next)}.`;
  const figures = last
    ? `The rehearsal ${last.name} of ${last.time} answered after ${last.rtoSeconds} s and missed at most ${last.rpoSeconds} s.`
    : 'A restore was never rehearsed.';
  const failure = newestDrill(restores);
  if (failure && is(failure.status, 'Stalled') && (!last || endOf(failure) > Date.parse(last.time))) {
    const why = failure.status.conditions?.find(({ type }) => type === 'Stalled')?.message ?? '';
    return {
      status: 'False',
      reason: 'Failed',
      message: `${failure.name} failed: ${why} ${figures}${then}`,
    };
  }
  const isDone = last !== undefined && (slot === undefined || Date.parse(last.time) >= slot);
  if (isDone) return { status: 'True', reason: 'Rehearsed', message: `${figures}${then}` };
  if (slot === undefined) return { status: 'Unknown', reason: 'NotYet', message: `${figures}${then}` };
  if (calendar.now - slot <= LATEST_MS)
    return {
      status: 'Unknown',
      reason: 'UnderWay',
      message: `The rehearsal of ${iso(slot)} is under way. ${figures}`,
    };
  return {
    status: 'False',
    reason: 'Overdue',
    message: `There was no rehearsal for ${iso(slot)}: it is skipped, ask for one with a CryptoSenseRestore of mode drill. ${figures}${then}`,
  };
}

function newestDrill(restores: readonly RestoreView[]): RestoreView | undefined {
  return restores
    .filter(({ spec, status }) => spec.mode === 'drill' && status.completedAt !== undefined)
    .sort((a, b) => endOf(a) - endOf(b))
    .at(-1);
}

function endOf({ status }: RestoreView): number {
  return Date.parse(status.completedAt ?? '');
}

/** The newest slot from a time at which there was something to restore. */
function slotOf({ schedule, since, now }: Calendar): number | undefined {
  const slot = lastSlot(schedule, now);
  return slot === undefined || slot < since ? undefined : slot;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
