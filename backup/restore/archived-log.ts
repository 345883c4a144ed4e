import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfLsn, endOfSegment, segmentBefore } from '../../operator/restore/lsn.ts';
import { momentOf } from '../../operator/restore/targets.ts';
import type { Point } from '../../operator/restore/world.ts';
import { CommandError, run } from '../commands.ts';
import { makeControlFile } from './control-file.ts';
import { pgbackrest, type Repository } from './repository.ts';
import type { Stanza } from './stanzas.ts';

const GET_MS = 120_000;
const DUMP_MS = 60_000;

/** pgbackrest archive-get: the segment is not in the repository. */
const NOT_THERE = 1;

const COMMIT = /desc: (?:COMMIT|ABORT|PREPARE)\S* .*?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) UTC/;
const POINT = /lsn: ([0-9A-F]+\/[0-9A-F]+), .*desc: RESTORE_POINT (.*)$/;

/** The archived log of one stanza, read segment by segment from its end, in a folder that `close` deletes. */
export interface ArchivedLog {
  /** Time of the last transaction that ends in the log, in milliseconds since 1970; undefined when none does after `from`. */
  lastCommit(from: bigint): Promise<number | undefined>;
  /** The restore points after `from`, or after the newest one with this name. */
  points(from: bigint, name: string): Promise<Point[]>;
  close(): Promise<void>;
}

/** `folder` is made. Throws CommandError when PostgreSQL's programs are not there. */
export async function openArchivedLog(
  repository: Repository,
  stanza: Stanza,
  { folder, signal }: { folder: string; signal: AbortSignal },
): Promise<ArchivedLog> {
  const data = join(folder, 'control');
  await mkdir(folder, { recursive: true });
  await makeControlFile(data, stanza.systemId ?? '0', signal);

  /** The records of a segment, a line each, or undefined when it is not archived. */
  async function recordsOf(segment: string): Promise<string[] | undefined> {
    const path = join(folder, segment);
    const place = [`--stanza=${stanza.name}`, `--pg1-path=${data}`];
    try {
      await pgbackrest(repository, [...place, 'archive-get', segment, path], {
        timeoutMs: GET_MS,
        signal,
      });
      return await dumped(path, signal);
    } catch (error) {
      if (error instanceof CommandError && error.exitCode === NOT_THERE) return undefined;
      throw error;
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Of the newest timeline that has the segment: what is from before a failover is on the former timeline alone. */
  async function newestOf(segment: string): Promise<{ segment: string; lines: string[] } | undefined> {
    for (let timeline = Number.parseInt(segment.slice(0, 8), 16); timeline > 0; timeline--) {
      const name = timeline.toString(16).toUpperCase().padStart(8, '0') + segment.slice(8);
      const lines = await recordsOf(name);
      if (lines) return { segment: name, lines };
    }
    return undefined;
  }

  async function* backwards(from: bigint): AsyncGenerator<string[]> {
    let segment = stanza.newestSegment;
    while (segment !== undefined && endOfSegment(segment) > from) {
      const found = await newestOf(segment);
      if (found === undefined) return;
      yield found.lines;
      segment = segmentBefore(found.segment);
    }
  }

  return {
    async lastCommit(from) {
      for await (const lines of backwards(from)) {
        const time = lines.map((line) => COMMIT.exec(line)?.[1]).findLast((found) => found !== undefined);
        if (time) return momentOf(`${time.replace(' ', 'T')}Z`);
      }
      return undefined;
    },
    async points(from, name) {
      const points: Point[] = [];
      for await (const lines of backwards(from)) {
        points.push(...lines.flatMap(pointOf).map((point) => ({ ...point, stanza: stanza.name })));
        if (points.some((point) => point.name === name)) break;
      }
      return points;
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function pointOf(line: string): Point[] {
  const [, lsn, name] = POINT.exec(line) ?? [];
  return lsn === undefined || name === undefined ? [] : [{ name, lsn: bytesOfLsn(lsn) }];
}

/** pg_waldump ends with an error where the last record goes on in the next segment, and has written all before it. */
async function dumped(path: string, signal: AbortSignal): Promise<string[]> {
  const options = { timeoutMs: DUMP_MS, signal, env: { TZ: 'UTC' } };
  const only = ['--rmgr=Transaction', '--rmgr=XLOG'];
  const text = await run('pg_waldump', [...only, path], options).catch((error: unknown) => {
    if (error instanceof CommandError && error.exitCode === 1) return error.output;
    throw error;
  });
  return text.split('\n');
}
