/** What a restore is to lead to, as a user writes it: one of these, or the newest state. */
export interface Target {
  backup?: string | undefined;
  time?: string | undefined;
  lsn?: string | undefined;
  name?: string | undefined;
}

/** A backup: of a repository's own list, or as a CryptoSenseBackup tells of it. Times are milliseconds since 1970. */
export interface BaseBackup {
  /** What a user calls it. */
  name: string;
  type: 'full' | 'dump';
  /** Its name in the repository. */
  label?: string;
  stanza?: string;
  /** When it was complete, which is the earliest moment that it restores to; absent while it is not. */
  stoppedAt?: number;
  /** The end of what it needs of the log, in bytes; a position before it cannot be restored from this backup. */
  stopLsn?: bigint;
  /** Whether the log after it is kept; without, it restores to its own end alone. */
  isInWindow: boolean;
  /** A restore of it was tried and failed: it is only taken when it is asked for by name. */
  isBroken?: boolean;
}

/** How far the archived log of a stanza reaches, as far as that is known. */
export interface Archive {
  stanza: string;
  /** Time of the last transaction whose end is archived, in milliseconds since 1970. */
  lastCommit?: number;
  /** First position that is not archived, in bytes. */
  end?: bigint;
}

/** A restore point with a name. */
export interface Point {
  name: string;
  /** In milliseconds since 1970, or where it is in the log, in bytes: one of the two. */
  time?: number;
  lsn?: bigint;
  stanza?: string;
}

/** Everything that a restore could be made from. */
export interface World {
  now: number;
  backups: readonly BaseBackup[];
  archives: readonly Archive[];
  /** Left out when not all of them are known: a name is then taken as it is. */
  points?: readonly Point[];
}
