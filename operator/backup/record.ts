import type { Condition } from '../api/status.ts';

export type BackupType = 'full' | 'dump';

/** Status of a CryptoSenseBackup, as operator/api/backup.ts describes it. Times are RFC 3339. */
export interface BackupStatus {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  readonly startedAt?: string;
  readonly completedAt?: string;
  readonly verifiedAt?: string;
  readonly durationSeconds?: number;
  readonly sizeBytes?: number;
  readonly stanza?: string;
  readonly label?: string;
  readonly key?: string;
  readonly walStart?: string;
  readonly walStop?: string;
  readonly recoveryPoint?: string;
  readonly restorePoint?: { readonly name?: string; readonly time: string; readonly archived: boolean };
}

/** What the bucket keeps of a CryptoSenseBackup: enough to make the object again, in another cluster as well. */
export interface BackupRecord {
  readonly version: 1;
  readonly name: string;
  readonly spec: { readonly environment: string; readonly type: BackupType };
  readonly status: BackupStatus;
  /** Of a dump: SHA-256 of the bytes in the bucket, and their HMAC under the passphrase. */
  readonly sha256?: string;
  readonly hmac?: string;
}

/** Throws an Error with one sentence when `text` is no record: damaged, or of a later version. */
export function parseRecord(key: string, text: string): BackupRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${key} is no record of a backup: it is not JSON`);
  }
  const { version, name, spec, status } = (value ?? {}) as Partial<BackupRecord>;
  if (version !== 1)
    throw new Error(
      `${key} is a record of version ${JSON.stringify(version)}, and this program reads version 1`,
    );
  const isWhole =
    typeof name === 'string' &&
    typeof spec?.environment === 'string' &&
    (spec.type === 'full' || spec.type === 'dump') &&
    typeof status === 'object' &&
    status !== null;
  if (!isWhole) throw new Error(`${key} is no record of a backup: name, spec or status is missing`);
  return value as BackupRecord;
}

export function recordText(record: BackupRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

export function conditionOf(
  { conditions = [] }: Pick<BackupStatus, 'conditions'>,
  type: string,
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

type Verdict = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * The status with a verdict, Completed or Verified, and with what tools that wait for a resource go by: Reconciling while
 * either is open, Stalled when either will not be (kstatus). The spec cannot change, so that its generation is the first.
 */
export function judged(status: BackupStatus, verdict: Verdict, now: number): BackupStatus {
  const next = withCondition({ ...status, observedGeneration: 1 }, verdict, now);
  const verdicts = ['Completed', 'Verified'].map((type) => conditionOf(next, type));
  const bad = verdicts.find(
    (one) => one?.status === 'False' && one.reason !== RUNNING && one.reason !== EXPIRED,
  );
  const isDone = bad !== undefined || verdicts[0]?.reason === EXPIRED || verdicts[1]?.status === 'True';
  const open = { type: 'Reconciling', ...(isDone ? SETTLED : WORKING) } as const;
  const stalled = bad
    ? ({ type: 'Stalled', status: 'True', reason: bad.reason, message: bad.message } as const)
    : ({
        type: 'Stalled',
        status: 'False',
        reason: 'NotStalled',
        message: 'Nothing stands in the way.',
      } as const);
  return withCondition(withCondition(next, open, now), stalled, now);
}

/** Reason of Completed while the backup is being taken. */
export const RUNNING = 'Running';

/** Reason of Completed when retention has taken the backup away. */
export const EXPIRED = 'Expired';

const SETTLED = { status: 'False', reason: 'Settled', message: 'There is nothing left to do.' } as const;
const WORKING = {
  status: 'True',
  reason: 'Progressing',
  message: 'It is taken, then restored once.',
} as const;

/** The status with one condition more, or another one in its place, whose time changes only with its status. */
export function withCondition(status: BackupStatus, { type, ...value }: Verdict, now: number): BackupStatus {
  const before = conditionOf(status, type);
  const lastTransitionTime =
    before?.status === value.status ? before.lastTransitionTime : new Date(now).toISOString();
  const condition: Condition = { type, ...value, message: value.message.slice(0, 2048), lastTransitionTime };
  const others = (status.conditions ?? []).filter((one) => one.type !== type);
  return { ...status, conditions: [...others, condition] };
}
