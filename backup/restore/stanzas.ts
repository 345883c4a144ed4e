import { z } from 'zod';
import { ARCHIVE_OF_FULLS } from '../../operator/backup/pgbackrest-settings.ts';
import { bytesOfLsn, endOfSegment } from '../../operator/restore/lsn.ts';
import type { Archive, BaseBackup } from '../../operator/restore/world.ts';
import { CommandError } from '../commands.ts';
import { pgbackrest, type Repository } from './repository.ts';

const INFO_MS = 120_000;

/** Status of a stanza: fine, none of that name, none of its backups. */
const READABLE = [0, 1, 2];

const infoSchema = z.array(
  z.object({
    name: z.string(),
    archive: z.array(z.object({ max: z.string().nullish() })),
    backup: z.array(
      z.object({
        label: z.string(),
        type: z.string(),
        error: z.boolean().nullish(),
        lsn: z.object({ start: z.string(), stop: z.string() }).nullish(),
        timestamp: z.object({ start: z.number(), stop: z.number() }),
      }),
    ),
    db: z.array(z.object({ 'system-id': z.string().nullish() })),
    status: z.object({ code: z.number(), message: z.string() }),
    repo: z.array(z.object({ status: z.object({ message: z.string() }) })),
  }),
);

/** One database's backups and log in a repository. */
export interface Stanza {
  name: string;
  backups: BaseBackup[];
  archive: Archive;
  /** The newest archived segment of the log. */
  newestSegment?: string;
  /** As PostgreSQL writes it; it is larger than a number can be exactly. */
  systemId?: string;
}

/** Every stanza of the repository, by name. Throws CommandError when the repository cannot be read. */
export async function stanzasOf(repository: Repository, signal: AbortSignal): Promise<Stanza[]> {
  const options = { timeoutMs: INFO_MS, signal };
  // Not one info of all of them: the settings of a pod name one stanza.
  const names = (await pgbackrest(repository, ['repo-ls', 'backup'], options)).split('\n').filter(Boolean);
  const found: Stanza[] = [];
  for (const name of names)
    found.push(
      ...stanzasFrom(
        name,
        await pgbackrest(repository, [`--stanza=${name}`, 'info', '--output=json'], options),
      ),
    );
  return found;
}

/**
 * The same from what `pgbackrest info --output=json` wrote. Throws CommandError when it says that it cannot read the repository, and
 * ZodError when it is something else.
 */
function stanzasFrom(name: string, text: string): Stanza[] {
  // JSON.parse would lose the end of a number of 64 bits.
  const exact = text.replace(/("system-id":\s*)(\d+)/g, '$1"$2"');
  return infoSchema.parse(parsed(name, exact)).map(({ name, archive, backup, db, status, repo }): Stanza => {
    if (!READABLE.includes(status.code)) throw unreadable(name, repo[0]?.status.message ?? status.message);
    const newestSegment = archive
      .map(({ max }) => max)
      .filter((max) => typeof max === 'string')
      .sort()
      .at(-1);
    const systemId = db.at(-1)?.['system-id'];
    return {
      name,
      backups: backupsOf(name, backup),
      archive: { stanza: name, ...(newestSegment ? { end: endOfSegment(newestSegment) } : {}) },
      ...(newestSegment ? { newestSegment } : {}),
      ...(systemId ? { systemId } : {}),
    };
  });
}

function backupsOf(stanza: string, list: z.infer<typeof infoSchema>[number]['backup']): BaseBackup[] {
  const fulls = list
    .filter(({ type }) => type === 'full')
    .sort((a, b) => a.timestamp.stop - b.timestamp.stop);
  const first = fulls.at(-ARCHIVE_OF_FULLS) ?? fulls[0];
  return fulls.map(({ label, error, lsn, timestamp }) => ({
    name: label,
    type: 'full',
    label,
    stanza,
    // A whole second, cut off: a moment within it may lie before the backup's end.
    stoppedAt: (timestamp.stop + 1) * 1000,
    isInWindow: timestamp.stop >= (first?.timestamp.stop ?? 0),
    ...(lsn ? { stopLsn: bytesOfLsn(lsn.stop) } : {}),
    // pgBackRest has seen pages with wrong checksums while it copied them.
    ...(error ? { isBroken: true } : {}),
  }));
}

/** What pgBackRest says of a file that it cannot decrypt has the file's bytes in it, and then is not always JSON. */
function parsed(stanza: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(stanza, text.includes('FormatError') ? 'FormatError' : (error as Error).message);
  }
}

function unreadable(stanza: string, message: string): CommandError {
  const isGarbled = /FormatError|CryptoError/.test(message);
  const why = isGarbled
    ? 'the passphrase in encryptionSecret is not the one that the repository was made with, or the list is damaged'
    : (message.split('\n')[0] ?? '').slice(0, 300);
  return new CommandError(`the list of backups of ${stanza} cannot be read: ${why}`);
}
