import { RESTORE_KIND } from '../../operator/api/well-known.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import { STEPS } from '../../operator/restore/view.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { tableOf } from '../terminal/table.ts';
import type { Paint, Style } from '../terminal/terminal.ts';
import { age, bytes, spoken } from '../terminal/words.ts';

/** A CryptoSenseBackup or CryptoSenseRestore as it is shown. */
export interface DataRecord {
  name: string;
  /** full, dump, drill or inPlace. */
  type: string;
  state: 'waits' | 'runs' | 'complete' | 'verified' | 'failed';
  at?: string;
  sizeBytes?: number;
  /** Moment of the newest data in it. */
  recoveryPoint?: string;
  rtoSeconds?: number;
  rpoSeconds?: number;
  message?: string;
}

interface Status {
  startedAt?: string;
  completedAt?: string;
  verifiedAt?: string;
  sizeBytes?: number;
  recoveryPoint?: string;
  rtoSeconds?: number;
  rpoSeconds?: number;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
}

/** Reasons of a False Completed that say that it is under way, and not that it failed. */
const UNDER_WAY = new Set<string>(['Running', 'Waiting', 'Pending', 'Queued', 'NoEnvironment', ...STEPS]);

/** Pure. */
export function recordOf(object: KubeObject): DataRecord {
  const status = (object.status ?? {}) as Status;
  const { type, mode } = (object.spec ?? {}) as { type?: string; mode?: string };
  const { startedAt, completedAt, sizeBytes, recoveryPoint, rtoSeconds, rpoSeconds } = status;
  const at = completedAt ?? startedAt ?? object.metadata.creationTimestamp;
  const message = messageOf(status);
  return {
    name: object.metadata.name,
    type: object.kind === RESTORE_KIND ? (mode ?? 'drill') : (type ?? 'full'),
    state: stateOf(status),
    ...(at === undefined ? {} : { at }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(recoveryPoint === undefined ? {} : { recoveryPoint }),
    ...(rtoSeconds === undefined ? {} : { rtoSeconds }),
    ...(rpoSeconds === undefined ? {} : { rpoSeconds }),
    ...(message === undefined ? {} : { message }),
  };
}

function stateOf(status: Status): DataRecord['state'] {
  const of = (type: string) => status.conditions?.find((condition) => condition.type === type);
  const completed = of('Completed');
  if (of('Failed')?.status === 'True') return 'failed';
  if (status.verifiedAt !== undefined || of('Verified')?.status === 'True') return 'verified';
  if (completed?.status === 'True' || (completed === undefined && status.completedAt !== undefined))
    return 'complete';
  if (completed?.status === 'False' && !UNDER_WAY.has(completed.reason ?? '')) return 'failed';
  return status.startedAt === undefined && completed === undefined ? 'waits' : 'runs';
}

function messageOf({ conditions = [] }: Status): string | undefined {
  const failed = conditions.find(({ type, status }) => type === 'Failed' && status === 'True');
  const said =
    failed ??
    conditions.find(({ type, status }) => type === 'Verified' && status === 'False') ??
    conditions.find(({ type }) => type === 'Completed');
  return said?.message || undefined;
}

/** How a record ended; undefined while it is under way. Pure. */
export function endOfRecord({ state }: DataRecord): ExitCode | undefined {
  if (state === 'failed') return EXIT.no;
  return state === 'complete' || state === 'verified' ? EXIT.done : undefined;
}

const STYLES: Record<DataRecord['state'], Style> = {
  waits: 'faint',
  runs: 'busy',
  complete: 'good',
  verified: 'good',
  failed: 'bad',
};

/** A table, the newest first. Pure. */
export function recordLines(records: readonly DataRecord[], paint: Paint, now: number): string[] {
  const rows = [...records]
    .sort((a, b) => String(b.at).localeCompare(String(a.at)))
    .map(({ name, type, state, at, sizeBytes, recoveryPoint, rtoSeconds, message = '' }) => [
      name,
      type,
      paint(STYLES[state], state),
      at === undefined ? '' : `${age(at, now)} ago`,
      sizeBytes === undefined ? '' : bytes(sizeBytes),
      recoveryPoint ?? '',
      state === 'failed' || state === 'runs'
        ? message
        : rtoSeconds === undefined
          ? ''
          : `took ${spoken(rtoSeconds * 1000)}`,
    ]);
  return tableOf(['NAME', 'TYPE', 'STATE', 'WHEN', 'SIZE', 'DATA UP TO', ''], rows);
}

/** `shop-20261123-093000`: a name that says when it was asked for, in UTC. */
export function recordName(environment: string, now: number): string {
  const stamp = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${environment}-${stamp}`;
}
