import type { Environment } from '../../operator/api/resolved.ts';
import { LABELS } from '../../operator/api/resolved.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import { targetOf } from '../../operator/rollout/candidate.ts';
import { tableOf } from '../terminal/table.ts';
import type { Paint } from '../terminal/terminal.ts';
import { age } from '../terminal/words.ts';

/** A release of the past or of now. */
export interface HistoryEntry {
  number: number;
  revision: string;
  /** As commands name it. */
  release: string;
  image: string;
  /** When it was made, began to serve, or was rolled back. */
  at?: string;
  outcome: 'serves' | 'is tried' | 'served' | 'served, then sent back' | 'rolled back' | 'never served';
  message?: string;
  /** The configuration it was released with, where it is still kept. */
  config?: Record<string, string>;
}

/** The releases that are known, the newest first: those of status, and those whose record is still there. Pure. */
export function historyOf({ status = {} }: Environment, records: readonly KubeObject[]): HistoryEntry[] {
  const { stable, candidate, rejected, history = [] } = status;
  const entries = new Map<string, HistoryEntry>();
  for (const record of records) {
    const revision = record.metadata.labels?.[LABELS.revision];
    const { inputs } = (record.data ?? {}) as {
      inputs?: { image?: string; config?: Record<string, string> };
    };
    if (revision === undefined || inputs?.image === undefined) continue;
    const number = Number(record.revision);
    entries.set(revision, {
      number,
      revision,
      release: targetOf({ number, revision }),
      image: inputs.image,
      ...(record.metadata.creationTimestamp ? { at: record.metadata.creationTimestamp } : {}),
      outcome: 'never served',
      ...(inputs.config ? { config: inputs.config } : {}),
    });
  }
  const note = (
    one: { number: number; revision: string; image: string },
    more: Pick<HistoryEntry, 'outcome'> & Partial<HistoryEntry>,
  ) => {
    const { number, revision, image } = one;
    const known = entries.get(revision);
    entries.set(revision, { ...known, number, revision, image, release: targetOf(one), ...more });
  };
  for (const one of history) {
    const isNow = one.revision === stable?.revision;
    const outcome = isNow ? 'serves' : one.failed ? 'served, then sent back' : 'served';
    note(one, { outcome, at: one.promotedAt });
  }
  if (stable && !history.some(({ revision }) => revision === stable.revision))
    note(stable, { outcome: 'serves', ...(stable.since ? { at: stable.since } : {}) });
  if (rejected)
    note(rejected, {
      outcome: 'rolled back',
      at: rejected.at,
      message: `${rejected.reason}: ${rejected.message}`,
    });
  if (candidate) note(candidate, { outcome: 'is tried', at: candidate.startedAt });
  return [...entries.values()].sort((a, b) => b.number - a.number);
}

const STYLES = {
  serves: 'good',
  'is tried': 'busy',
  'rolled back': 'bad',
  'served, then sent back': 'bad',
  served: 'faint',
  'never served': 'faint',
} as const;

export function historyLines(entries: readonly HistoryEntry[], paint: Paint, now: number): string[] {
  if (entries.length === 0) return ['No release yet.'];
  const rows = entries.map(({ release, image, at, outcome, message = '' }) => [
    release,
    image,
    at === undefined ? '' : `${age(at, now)} ago`,
    paint(STYLES[outcome], outcome),
    message,
  ]);
  return tableOf(['RELEASE', 'IMAGE', 'WHEN', 'OUTCOME', ''], rows);
}
