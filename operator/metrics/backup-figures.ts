import type { Condition } from '../api/status.ts';

export const BACKUP_TYPES = ['full', 'dump'] as const;

/** What a CryptoSenseBackup and a CryptoSenseRestore have in common. */
interface Record {
  spec?: { type?: string; mode?: string };
  status?: { conditions?: Condition[]; completedAt?: string };
}

/**
 * When the newest of the objects of a kind was complete, of those whose condition is True; in milliseconds since the
 * epoch. A backup without a type is a full one.
 */
export function newest(
  objects: readonly object[],
  kind: (typeof BACKUP_TYPES)[number] | 'drill',
  condition: 'Completed' | 'Verified',
): number | undefined {
  const moments = (objects as readonly Record[])
    .filter(({ spec = {} }) => (kind === 'drill' ? spec.mode === kind : (spec.type ?? 'full') === kind))
    .filter(({ status }) =>
      status?.conditions?.some(({ type, status: holds }) => type === condition && holds === 'True'),
    )
    .map(({ status }) => Date.parse(status?.completedAt ?? ''))
    .filter((moment) => !Number.isNaN(moment));
  return moments.length > 0 ? Math.max(...moments) : undefined;
}
