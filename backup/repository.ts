import { setTimeout as after } from 'node:timers/promises';
import { CommandError, type CommandOptions, run } from './commands.ts';

/** The image's script that gives pgBackRest its settings and secrets. */
export const SCRIPT = process.env.BACKUP_REPOSITORY_SCRIPT ?? 'pgbackrest-repository.sh';

/** Annotation in the repository by which a backup is found again. */
const NAME = 'name';

const SHORT_MS = 60_000;

/** A backup as `pgbackrest info` describes it. Times in milliseconds since 1970. */
export interface RepositoryBackup {
  readonly label: string;
  /** The CryptoSenseBackup that it was taken for. */
  readonly name?: string;
  readonly startedAt: number;
  readonly stoppedAt: number;
  /** Bytes of the database, and in the bucket. */
  readonly databaseBytes: number;
  readonly sizeBytes: number;
  readonly walStart: string;
  readonly walStop: string;
  /** A page that pgBackRest saw damaged while it copied it. */
  readonly isDamaged: boolean;
}

interface Info {
  name: string;
  status: { code: number; message: string };
  backup?: {
    label: string;
    error?: boolean;
    annotation?: { [NAME]?: string } | null;
    timestamp: { start: number; stop: number };
    archive: { start: string; stop: string };
    info: { size: number; repository: { size?: number; delta: number } };
  }[];
}

/**
 * Brings a full backup into the repository under `name`. It pushes nothing out: a restore takes one to be safe, and may be about to go
 * back to what would go then. What is too old goes with the nightly expiry.
 */
export async function backUp(
  stanza: string,
  name: string,
  options: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const own = ['--type=full', '--no-expire-auto', `--annotation=${NAME}=${name}`];
  await pgbackrest([`--stanza=${stanza}`, ...own, 'backup'], options);
}

/**
 * pgBackRest asks again when a request fails, for as long as its io-timeout, but not when the answer has begun and then
 * breaks off: that ends the whole command.
 */
const BROKEN_OFF = /unexpected eof while reading|unexpected EOF reading|Connection reset by peer/i;
const MOST_TRIES = 3;
const AGAIN_MS = 1_000;

/**
 * Runs pgBackRest on the environment's repository; once more when a connection to the storage broke off, so that every
 * command here has to bear that. Throws CommandError with pgBackRest's own reason.
 */
export async function pgbackrest(args: readonly string[], options: CommandOptions): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return await run(SCRIPT, args, options);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const isOver = tries === MOST_TRIES || options.signal?.aborted;
      if (isOver || !BROKEN_OFF.test(error.message)) throw new CommandError(explained(error.message));
      await after(AGAIN_MS);
    }
  }
}

/** Makes the stanza, or makes sure that the one that is there belongs to this very database. */
export async function ensureStanza(signal?: AbortSignal): Promise<void> {
  const options = { timeoutMs: SHORT_MS, ...(signal ? { signal } : {}) };
  await pgbackrest(['stanza-create'], options);
}

/** The backups of `stanza` in the repository, the oldest first; none when there is no stanza. */
export async function backupsIn(stanza: string): Promise<RepositoryBackup[]> {
  const text = await pgbackrest(['--output=json', `--stanza=${stanza}`, 'info'], { timeoutMs: SHORT_MS });
  const [info] = JSON.parse(text) as Info[];
  // 1: no such stanza, 2: no backup in it.
  if (info && ![0, 1, 2].includes(info.status.code))
    throw new CommandError(explained(`the repository cannot be read: ${info.status.message}`));
  return (info?.backup ?? []).map((one) => ({
    label: one.label,
    ...(one.annotation?.[NAME] === undefined ? {} : { name: one.annotation[NAME] }),
    startedAt: one.timestamp.start * 1000,
    stoppedAt: one.timestamp.stop * 1000,
    databaseBytes: one.info.size,
    sizeBytes: one.info.repository.size ?? one.info.repository.delta,
    walStart: one.archive.start,
    walStop: one.archive.stop,
    isDamaged: one.error === true,
  }));
}

/** Takes one backup out of the repository, and the log that nothing needs any more. */
export async function expireBackup(stanza: string, label: string): Promise<void> {
  const args = [`--stanza=${stanza}`, `--set=${label}`, 'expire'];
  await pgbackrest(args, { timeoutMs: 10 * SHORT_MS });
}

/** Takes only the log away that is older than the newest seven fulls and belongs to no backup. */
export async function expireArchive(stanza: string): Promise<void> {
  await pgbackrest([`--stanza=${stanza}`, 'expire'], { timeoutMs: 10 * SHORT_MS });
}

/** pgBackRest's words name its own options; people know the fields of the resource. */
export function explained(message: string): string {
  // A wrong key now and then gives bytes that look like an end, and then a file without a form; the bytes are nothing to read.
  if (/CryptoError|FormatError|cipher|unable to flush|decrypt/i.test(message))
    return `${message.replaceAll(/( at line \d+): [^;]*/g, '$1')}; the passphrase in spec.backup.encryptionSecret is not the one that the repository was made with, or the file is damaged`;
  if (/do not match the database|does not match the database|already exist/i.test(message))
    return `${message}; the bucket's path holds the backups of another database: give spec.backup.bucket.prefix another value`;
  if (/InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|\[403\]/i.test(message))
    return `${message}; the storage refuses the keys in spec.backup.bucket.credentialsSecret`;
  return message;
}
