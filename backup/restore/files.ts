import { momentOf, type Until } from '../../operator/restore/targets.ts';
import type { Chosen } from './choice.ts';
import { pgbackrest, type Repository, shellCommand } from './repository.ts';

export interface FilesOptions {
  /** The data folder. With `delta` what is in it and is as in the backup stays; else it has to be empty. */
  data: string;
  delta?: boolean;
  /** The log of the restored database goes nowhere: without it, it would be taken for that of the real one. */
  archiveOff?: boolean;
  processes?: number;
  timeoutMs: number;
  signal: AbortSignal;
}

/** Restores the files of a backup, so that PostgreSQL replays the log up to the target when it starts. Throws CommandError. */
export async function restoreFiles(
  repository: Repository,
  { stanza, label, until }: Chosen,
  { data, delta, archiveOff, processes = 2, timeoutMs, signal }: FilesOptions,
): Promise<void> {
  const args = [
    `--stanza=${stanza}`,
    `--pg1-path=${data}`,
    `--set=${label}`,
    `--process-max=${processes}`,
    ...(delta ? ['--delta'] : []),
    ...(archiveOff ? ['--archive-mode=off'] : []),
    ...recovery(until),
    `--recovery-option=restore_command=${restoreCommand(repository, stanza, data)}`,
    'restore',
  ];
  await pgbackrest(repository, args, { timeoutMs, signal });
}

/**
 * How PostgreSQL fetches the archived log. It takes any small exit code for the end of the log, and would go on without the rest when the
 * storage is away for a moment: only 1 means that a segment is not there, and 127 ends the recovery.
 */
function restoreCommand(repository: Repository, stanza: string, data: string): string {
  const get = `${shellCommand(repository)} --stanza=${stanza} --pg1-path=${data} archive-get %f "%p"`;
  return `${get} || { [ $? -eq 1 ] && exit 1; exit 127; }`;
}

/** Arguments for how far the log is replayed; then the database is one of its own. */
function recovery(until: Until): string[] {
  switch (until.type) {
    case 'newest':
      return ['--type=default'];
    case 'immediate':
      return ['--type=immediate', '--target-action=promote'];
    case 'time':
      return ['--type=time', `--target=${timestamp(until.text)}`, '--target-action=promote'];
    case 'lsn':
      return ['--type=lsn', `--target=${until.lsn}`, '--target-action=promote'];
    case 'name':
      return ['--type=name', `--target=${until.name}`, '--target-action=promote'];
  }
}

/** In UTC and with microseconds, as both pgBackRest and PostgreSQL read it. */
function timestamp(text: string): string {
  const moment = momentOf(text);
  const microseconds = Math.round((moment - Math.floor(moment / 1000) * 1000) * 1000);
  const seconds = new Date(Math.floor(moment / 1000) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return `${seconds}.${String(microseconds).padStart(6, '0')}+00`;
}
