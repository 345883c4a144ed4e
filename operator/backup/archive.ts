/** How the archiving of the log stands on one member of the database, as its agent answers. Times are RFC 3339. */
export interface ArchiveState {
  readonly isPrimary: boolean;
  /** Segments since the statistics were begun. */
  readonly archived: number;
  readonly failed: number;
  readonly lastArchivedAt?: string;
  readonly lastFailedAt?: string;
  readonly lastArchivedWal?: string;
  readonly lastFailedWal?: string;
  /** Segments that are not in the bucket yet, and since when the oldest of them is ready. */
  readonly waiting: number;
  readonly oldestWaitingAt?: string;
  /** Bytes of the log on the volume, and what is free on it. */
  readonly walBytes: number;
  readonly diskFree?: number;
  /** Why the stanza could not be made. */
  readonly stanzaProblem?: string;
}

/** RPO is five minutes; what waits longer than this is said while there is still time. */
const LONGEST_WAIT_MS = 180_000;

/**
 * Why the log does not reach the bucket, as a sentence; undefined when it does. The same as long as nothing changes but
 * figures. `now` in milliseconds since 1970. Pure.
 */
export function archiveProblem(state: ArchiveState, now: number): string | undefined {
  const { lastFailedAt, lastArchivedAt, lastFailedWal, oldestWaitingAt, stanzaProblem } = state;
  const until =
    lastArchivedAt === undefined ? 'nothing was archived yet' : `the last of it went at ${lastArchivedAt}`;
  const room = 'What waits fills the volume of the database.';
  if (stanzaProblem) return `The archive cannot be used: ${stanzaProblem}; ${until}. ${room}`;
  if (lastFailedAt && (!lastArchivedAt || lastFailedAt > lastArchivedAt))
    return `The log does not reach the bucket: ${lastFailedWal ?? 'a segment'} cannot be archived, ${until}. ${room}`;
  if (oldestWaitingAt && now - Date.parse(oldestWaitingAt) > LONGEST_WAIT_MS)
    return `The log does not reach the bucket: a segment has been waiting since ${oldestWaitingAt}. ${room}`;
  return undefined;
}
