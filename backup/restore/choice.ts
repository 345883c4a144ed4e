import { startOfSegment } from '../../operator/restore/lsn.ts';
import { type Choice, chooseBackup, type Refusal } from '../../operator/restore/targets.ts';
import type { Archive, BaseBackup, Target, World } from '../../operator/restore/world.ts';
import { openArchivedLog } from './archived-log.ts';
import type { Repository } from './repository.ts';
import { type Stanza, stanzasOf } from './stanzas.ts';

/** The target cannot be reached: nothing was changed, and trying again would not help. */
export class TargetRefused extends Error {
  override readonly name = 'TargetRefused';
  readonly reason: Refusal['reason'];

  constructor({ reason, message }: Refusal) {
    super(message);
    this.reason = reason;
  }
}

export interface Chosen extends Choice {
  stanza: string;
  label: string;
  /** Where the newest archived segment of the log begins, in bytes: the newest state lies behind it. */
  newestSegmentAt?: bigint;
}

export interface Wanted {
  target: Target;
  /** The stanza to restore from; left out, the one whose backups fit. */
  stanza?: string | undefined;
  /** Whose stanzas count; left out, those of the one environment that the repository has. */
  environment?: string | undefined;
  /** Names in the repository of backups of which a restore has failed. */
  broken?: readonly string[];
  /** Name in the repository of a backup whose log is kept, although newer ones have come since that was found. */
  kept?: string | undefined;
  /** For what is looked into on the way; it is made and deleted. */
  folder: string;
  now: number;
}

/**
 * Chooses the backup that the target is restored from, by what really is in the repository, down to the last transaction of the
 * archived log. Throws TargetRefused, or CommandError when the repository cannot be read.
 */
export async function choose(repository: Repository, wanted: Wanted, signal: AbortSignal): Promise<Chosen> {
  const all = await stanzasOf(repository, signal);
  const stanzas = ofOneEnvironment(all, wanted);
  const { target, now, broken = [], kept } = wanted;
  const world: World = {
    now,
    backups: stanzas
      .flatMap(({ backups }) => backups)
      .map((backup) => (broken.includes(backup.name) ? { ...backup, isBroken: true } : backup))
      .map((backup) => (backup.name === kept ? { ...backup, isInWindow: true } : backup)),
    archives: stanzas.map(({ archive }) => archive),
  };
  const first = decided(target, world);
  const stanza = stanzas.find(({ name }) => name === first.stanza);
  if (first.until.type === 'newest' && stanza?.newestSegment)
    return { ...first, newestSegmentAt: startOfSegment(stanza.newestSegment) };
  if (stanza === undefined || !LOOKED_FOR.has(first.until.type)) return first;
  const { folder } = wanted;
  const known = await lookInto(repository, stanza, { target, base: first.backup, folder, signal });
  const archives = world.archives.map((one) =>
    one.stanza === stanza.name ? { ...one, ...known.archive } : one,
  );
  return decided(target, { ...world, archives, ...(known.points ? { points: known.points } : {}) });
}

/** Targets of which only the log itself tells whether they are in it. */
const LOOKED_FOR: ReadonlySet<string> = new Set(['time', 'name']);

/** Several environments may have the same place in a bucket: a database is never made from another one's backups by chance. */
function ofOneEnvironment(all: Stanza[], { stanza, environment }: Wanted): Stanza[] {
  if (stanza !== undefined) return all.filter(({ name }) => name === stanza);
  const owner = ({ name }: Stanza) => name.replace(/-\d+$/, '');
  const owners = environment === undefined ? new Set(all.map(owner)) : new Set([environment]);
  if (owners.size > 1)
    throw new TargetRefused({
      reason: 'Ambiguous',
      message: `the place has the backups of several environments (${[...owners].join(', ')}): name one of them as target.backup`,
    });
  return all.filter((one) => owners.has(owner(one)));
}

/** How far the log really goes, and which of its points has the name. */
async function lookInto(
  repository: Repository,
  stanza: Stanza,
  { target, base, folder, signal }: { target: Target; base: BaseBackup; folder: string; signal: AbortSignal },
): Promise<Pick<World, 'points'> & { archive: Partial<Archive> }> {
  const oldest = stanza.backups.find(({ isInWindow }) => isInWindow)?.stopLsn ?? 0n;
  const log = await openArchivedLog(repository, stanza, { folder, signal });
  try {
    if (target.name !== undefined) return { archive: {}, points: await log.points(oldest, target.name) };
    if (target.time === undefined) return { archive: {} };
    // Without a transaction after the backup there is no moment after it, either.
    const lastCommit = (await log.lastCommit(base.stopLsn ?? 0n)) ?? base.stoppedAt ?? 0;
    return { archive: { lastCommit } };
  } finally {
    await log.close();
  }
}

function decided(target: Target, world: World): Chosen {
  const decision = chooseBackup(target, world);
  if ('refused' in decision) throw new TargetRefused(decision.refused);
  const { backup } = decision;
  return { ...decision, stanza: backup.stanza ?? '', label: backup.label ?? backup.name };
}
