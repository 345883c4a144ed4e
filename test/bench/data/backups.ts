import type { BackupStatus } from '../../../operator/backup/record.ts';
import { parseResult } from '../../../operator/restore/result.ts';
import { BackupWorld } from '../../integration/backup/world.ts';
import { type Figure, figure } from '../figure.ts';
import { median } from '../statistics.ts';
import { bareBackup, bareDump, bareDumpLoaded, bareRestore } from './bare.ts';
import { fillWithPrices } from './prices.ts';

const SCRATCH = '/var/lib/postgresql/data/scratch';
const MB = 1e6;
const ARCHIVED_MS = 3_600_000;

interface Conditions {
  readonly megabytes: number;
  readonly rounds: number;
  readonly report: (line: string) => void;
}

/** Seconds of each round. */
interface Times {
  readonly ours: number[];
  readonly peer: number[];
}

/**
 * Backups, restores and dumps as the Jobs make them, beside the bare programs in the same container, with the same settings,
 * volume and bucket; in turns, and the median counts.
 */
export async function measureBackups({ megabytes, rounds, report }: Conditions): Promise<Figure[]> {
  const world = await BackupWorld.start({ name: 'bench', onDisk: true, memory: '2g' });
  try {
    report(`filling a database of ${megabytes} MB`);
    const bytes = await fillWithPrices(world, megabytes * MB);
    await world.startAgent();
    // A backup waits for the log of before it, and that of the filling is none of its business.
    await world.archived(ARCHIVED_MS);
    const times = { backup: none(), restore: none(), dump: none(), loaded: none() };
    for (let round = 1; round <= rounds; round++) {
      await oneRound(world, round, times);
      const line = Object.entries(times).map(([what, { ours, peer }]) => {
        return `${what} ${ours.at(-1)?.toFixed(1)} s, bare ${peer.at(-1)?.toFixed(1)} s`;
      });
      report(`round ${round}: ${line.join('; ')}`);
    }
    const speed = ({ ours, peer }: Times) => ({
      ours: bytes / MB / median(ours),
      peer: bytes / MB / median(peer),
    });
    const loaded = { ours: median(times.loaded.ours), peer: median(times.loaded.peer) };
    return [
      figure('data', 'backup_mb_s', 'MB/s', { ...speed(times.backup), peerName: 'pgbackrest backup' }),
      figure('data', 'restore_mb_s', 'MB/s', { ...speed(times.restore), peerName: 'pgbackrest restore' }),
      figure('data', 'dump_mb_s', 'MB/s', { ...speed(times.dump), peerName: 'pg_dump | gzip' }),
      figure('data', 'dump_restore_seconds', 's', {
        ...loaded,
        peerName: 'gunzip | psql, pg_amcheck, counts',
      }),
    ];
  } finally {
    await world.stop();
  }
}

function none(): Times {
  return { ours: [], peer: [] };
}

type Measured = Record<'backup' | 'restore' | 'dump' | 'loaded', Times>;

/** Who is first changes with each round. */
async function oneRound(world: BackupWorld, round: number, times: Measured): Promise<void> {
  const inTurns = async (first: () => Promise<unknown>, second: () => Promise<unknown>) => {
    for (const work of round % 2 === 1 ? [first, second] : [second, first]) await work();
  };
  await inTurns(
    async () => times.backup.ours.push(ourSeconds(await taken(world, 'full', `full-${round}`))),
    async () => times.backup.peer.push(await bareBackup(world)),
  );
  await inTurns(
    async () => times.restore.ours.push(await restored(world)),
    async () => times.restore.peer.push(await bareRestore(world)),
  );
  await inTurns(
    async () => {
      const status = await taken(world, 'dump', `dump-${round}`);
      times.dump.ours.push(ourSeconds(status));
      times.loaded.ours.push(seconds(status.completedAt, status.verifiedAt));
    },
    async () => {
      times.dump.peer.push(await bareDump(world));
      times.loaded.peer.push(await bareDumpLoaded(world));
    },
  );
}

/** What the record says of a backup that was taken and verified as a Job does it. */
async function taken(world: BackupWorld, type: 'full' | 'dump', name: string): Promise<BackupStatus> {
  const { exitCode, output } = await world.program(['take', type, name], limits());
  const status = (await world.record(name))?.status;
  if (exitCode !== 0 || !status) throw new Error(`the backup ${name} failed: ${output}`);
  return status;
}

/** From the beginning of the backup until it is complete in the bucket, its restore point included. */
function ourSeconds({ startedAt, completedAt }: BackupStatus): number {
  return seconds(startedAt, completedAt);
}

/** From the beginning of a drill, with its choice of a backup, until the files of the database are there. */
async function restored(world: BackupWorld): Promise<number> {
  const file = '/tmp/result';
  const env = { ...limits(), RESTORE_TARGET: '{}', RESULT_FILE: file };
  const { output } = await world.program(['drill'], env);
  const result = parseResult((await world.exec(['cat', file])).output);
  if (result?.outcome !== 'restored') throw new Error(`the restore failed: ${output}`);
  return seconds(result.startedAt, result.restoredAt);
}

function limits(): Record<string, string> {
  return { SCRATCH_FOLDER: SCRATCH, DEADLINE_SECONDS: '7200' };
}

function seconds(from: string | undefined, to: string | undefined): number {
  return (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1_000;
}
