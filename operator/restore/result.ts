import type { Reason } from './targets.ts';

/** What a restored database is, and when. Times are RFC 3339. */
export interface Restored {
  outcome: 'restored';
  /** Name of the backup in the repository. */
  backup: string;
  stanza: string;
  startedAt: string;
  /** When its files were there. */
  restoredAt: string;
  /** When it had replayed its log and answered a question. */
  answeredAt: string;
  /** When every page was checked. */
  checkedAt: string;
  /** Time of the newest transaction in it; of the backup, when there was none after it. */
  recoveryPoint: string;
  timeline: number;
  bytes: number;
  tables: number;
  rows: number;
  /** Time of the newest price in it, where there are prices. */
  newestRow?: string;
}

/** The target cannot be reached: nothing was restored. */
export interface TargetRefusal {
  outcome: 'refused';
  reason: Reason;
  message: string;
}

export interface RestoreFailure {
  outcome: 'failed';
  /** Damaged: the data were restored and are not whole. */
  reason: 'Damaged' | 'NotStarted' | 'NoRoom' | 'Failed';
  message: string;
}

/** The target can be reached; nothing was restored yet. */
export interface Possible {
  outcome: 'possible';
  /** Name in the repository of the backup that it begins with. */
  backup: string;
  stanza: string;
}

/** The last words of a restore's container, by which the operator knows what became of it. */
export type RestoreResult = Restored | Possible | TargetRefusal | RestoreFailure;

/** Kubernetes keeps so many bytes of last words. */
const MOST_BYTES = 4096;
const LONGEST_MESSAGE = 1800;

export function resultText(result: RestoreResult): string {
  const short =
    'message' in result ? { ...result, message: result.message.slice(0, LONGEST_MESSAGE) } : result;
  const text = JSON.stringify(short);
  if (Buffer.byteLength(text) <= MOST_BYTES || !('message' in short)) return text;
  return JSON.stringify({ ...short, message: short.message.slice(0, LONGEST_MESSAGE / 4) });
}

const TEXTS = ['backup', 'stanza', 'startedAt', 'restoredAt', 'answeredAt', 'checkedAt', 'recoveryPoint'];
const NUMBERS = ['timeline', 'bytes', 'tables', 'rows'];

/** Undefined for what is no result: a container may say what it wants. */
export function parseResult(text: string | undefined): RestoreResult | undefined {
  if (!text?.trim().startsWith('{')) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const has = (keys: string[], type: string) => keys.every((key) => typeof value[key] === type);
  if (value.outcome === 'possible')
    return has(['backup', 'stanza'], 'string') ? (value as unknown as Possible) : undefined;
  const isResult =
    value.outcome === 'restored'
      ? has(TEXTS, 'string') && has(NUMBERS, 'number')
      : (value.outcome === 'refused' || value.outcome === 'failed') && has(['reason', 'message'], 'string');
  return isResult ? (value as unknown as RestoreResult) : undefined;
}
