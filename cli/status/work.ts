import type { KubeObject } from '../../operator/kube/resources.ts';
import type { Parts } from '../cluster/parts.ts';
import { age } from '../terminal/words.ts';
import { byName } from './by-name.ts';
import type { Part } from './node.ts';

/** Jobs that run or have failed; those that succeeded are history. */
export function jobParts({ jobs }: Parts, now: number): Part[] {
  return byName(jobs.items).flatMap((job) => {
    const {
      active = 0,
      startTime,
      conditions = [],
    } = (job.status ?? {}) as {
      active?: number;
      startTime?: string;
      conditions?: { type: string; status: string; message?: string }[];
    };
    const failed = conditions.find(({ type, status }) => type === 'Failed' && status === 'True');
    if (!failed && active === 0) return [];
    const part: Part = {
      role: 'job',
      name: job.metadata.name,
      health: failed ? 'bad' : 'busy',
      says: [failed ? 'failed' : `runs for ${age(startTime, now)}`],
      ...(failed?.message ? { waiting: failed.message } : {}),
      parts: [],
    };
    return [part];
  });
}

/** The newest backup that is complete, and what is under way. */
export function backupParts({ backups, restores }: Parts, now: number): Part[] {
  const newest = backups.items
    .map((backup) => ({
      backup,
      status: (backup.status ?? {}) as { completedAt?: string; verifiedAt?: string },
    }))
    .filter(({ status }) => status.completedAt !== undefined)
    .sort((a, b) => String(b.status.completedAt).localeCompare(String(a.status.completedAt)))[0];
  const last: Part[] = newest
    ? [
        {
          role: 'backup',
          name: newest.backup.metadata.name,
          health: 'ok',
          says: [
            `complete ${age(newest.status.completedAt, now)} ago`,
            newest.status.verifiedAt ? 'verified' : 'not verified',
          ],
          parts: [],
        },
      ]
    : [];
  return [...last, ...[...backups.items, ...restores.items].flatMap((object) => underWay(object, now))];
}

function underWay(object: KubeObject, now: number): Part[] {
  const {
    completedAt,
    startedAt,
    conditions = [],
  } = (object.status ?? {}) as {
    completedAt?: string;
    startedAt?: string;
    conditions?: { type: string; status: string; message?: string }[];
  };
  const isFailed = conditions.some(
    ({ type, status }) => (type === 'Stalled' || type === 'Failed') && status === 'True',
  );
  if (completedAt !== undefined || isFailed || startedAt === undefined) return [];
  const role = object.kind === 'CryptoSenseBackup' ? 'backup' : 'restore';
  const says = [`under way for ${age(startedAt, now)}`];
  return [{ role, name: object.metadata.name, health: 'busy', says, parts: [] }];
}
