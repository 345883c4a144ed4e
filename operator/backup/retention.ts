/** How many of the newest days, weeks and months that have a backup keep their newest one. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/** A backup that is whole. `at`: when it was complete, in milliseconds since 1970. */
export interface Kept {
  readonly name: string;
  readonly at: number;
  /** Somebody asked for it, not the schedule. */
  readonly isAskedFor?: boolean;
}

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday: weeks begin on Monday, as those of ISO 8601 do. */
const MONDAY_OFFSET_DAYS = 3;

/**
 * The backups to keep of `backups`: grandfather, father, son. Of each of the newest days (weeks, months, in UTC) that
 * have a backup at all, the newest backup; days without one do not count, so that a pause ages nothing away. The newest
 * backup of all is always kept. One that somebody asked for had a reason that no calendar knows: besides, it is kept until the
 * newest of all is as many days younger as days are kept. Pure.
 */
export function keptBackups<T extends Kept>(backups: readonly T[], retention: Retention): T[] {
  const newestFirst = [...backups].sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  const kept = new Set<T>(newestFirst.slice(0, 1));
  const keepNewestOf = (periodOf: (at: number) => number, periods: number) => {
    const seen = new Set<number>();
    for (const backup of newestFirst) {
      const period = periodOf(backup.at);
      if (seen.has(period)) continue;
      if (seen.size >= periods) break;
      seen.add(period);
      kept.add(backup);
    }
  };
  keepNewestOf(dayOf, retention.daily);
  keepNewestOf(weekOf, retention.weekly);
  keepNewestOf(monthOf, retention.monthly);
  const since = (newestFirst[0]?.at ?? 0) - retention.daily * DAY_MS;
  for (const backup of newestFirst) if (backup.isAskedFor && backup.at > since) kept.add(backup);
  return newestFirst.filter((backup) => kept.has(backup));
}

/** The backups that may go: none that `keptBackups` keeps. */
export function expiredBackups<T extends Kept>(backups: readonly T[], retention: Retention): T[] {
  const kept = new Set(keptBackups(backups, retention));
  return backups.filter((backup) => !kept.has(backup));
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}

function weekOf(at: number): number {
  return Math.floor((dayOf(at) + MONDAY_OFFSET_DAYS) / 7);
}

function monthOf(at: number): number {
  const date = new Date(at);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
