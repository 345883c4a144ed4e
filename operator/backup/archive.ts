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

/** Why the log does not reach the bucket, as a sentence; undefined when it does. `now` in milliseconds since 1970. Pure. */
export function archiveProblem(state: ArchiveState, now: number): string | undefined {
  const { waiting, lastFailedAt, lastArchivedAt, lastFailedWal, oldestWaitingAt, stanzaProblem } = state;
  const room = `${waiting} segments of the log wait and fill the volume${
    state.diskFree === undefined ? '' : `, ${Math.floor(state.diskFree / 2 ** 20)} MiB of it are free`
  }`;
  if (stanzaProblem) return `The archive cannot be used: ${stanzaProblem}. ${room}.`;
  if (lastFailedAt && (!lastArchivedAt || lastFailedAt > lastArchivedAt))
    return (
      `The log does not reach the bucket: archiving ${lastFailedWal ?? 'a segment'} failed at ${lastFailedAt}, ` +
      `the last one went at ${lastArchivedAt ?? 'no time yet'}. ${room}.`
    );
  if (oldestWaitingAt && now - Date.parse(oldestWaitingAt) > LONGEST_WAIT_MS)
    return `The log reaches the bucket too slowly: a segment has been waiting since ${oldestWaitingAt}. ${room}.`;
  return undefined;
}
