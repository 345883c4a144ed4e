import { rm, writeFile } from 'node:fs/promises';
import { parseRecord } from '../../operator/backup/record.ts';
import { recordKey } from '../../operator/backup/repository.ts';
import type { Target } from '../../operator/restore/world.ts';
import { Bucket } from '../bucket.ts';
import { readSecrets, readSettings } from '../settings.ts';
import { choose } from './choice.ts';
import { OWN_REPOSITORY, type Repository } from './repository.ts';
import { makeWhole } from './whole.ts';

const DAY_MS = 86_400_000;

/**
 * Makes PGDATA from the backups in RECOVERY_FOLDER, in place of an empty database: restored up to RECOVERY_TARGET, recovered, with the
 * passwords and the database name of this environment, and only then under its name. So PGDATA is either whole or not there, and
 * what was cut off is begun again. Throws an Error with one sentence, which is also the container's last words.
 */
export async function recover(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  try {
    await recovered(env);
  } catch (error) {
    const words = `the database cannot be made from the backups: ${(error as Error).message}`;
    // Outside of a cluster there is no such file.
    await writeFile('/dev/termination-log', words, { flag: 'r+' }).catch(() => {});
    throw new Error(words, { cause: error });
  }
}

async function recovered(env: NodeJS.ProcessEnv): Promise<void> {
  const { PGDATA: data, RECOVERY_FOLDER: folder } = env;
  if (!data || !folder)
    throw new Error('set PGDATA and RECOVERY_FOLDER: the database is made from the backups there');
  const look = `${data}.look`;
  await rm(look, { recursive: true, force: true });
  const { signal } = new AbortController();
  const repository: Repository = { ...OWN_REPOSITORY, folder };
  const wanted = JSON.parse(env.RECOVERY_TARGET ?? '{}') as Target;
  const target = await byLabel(wanted, folder);
  const chosen = await choose(repository, { ...target, folder: look, now: Date.now() }, signal);
  say(`restoring ${chosen.label} of ${chosen.stanza}, up to ${chosen.until.type}`);
  const unfinished = `${data}.unfinished`;
  await makeWhole(repository, chosen, {
    unfinished,
    data,
    env,
    timeoutMs: DAY_MS,
    signal,
    look: async () => {},
  });
  await rm(look, { recursive: true, force: true });
  say(`${data} is made from backup ${chosen.label}`);
}

/** A name of a CryptoSenseBackup means something in its own cluster: here its record in the bucket says which backup it is. */
async function byLabel(target: Target, folder: string): Promise<{ target: Target; stanza?: string }> {
  if (target.backup === undefined) return { target };
  const settings = readSettings(folder);
  const bucket = new Bucket(settings, readSecrets(folder));
  try {
    const key = recordKey(settings.prefix, target.backup);
    const text = await bucket.text(key);
    const { label = target.backup, stanza } = text === undefined ? {} : parseRecord(key, text).status;
    return { target: { backup: label }, ...(stanza ? { stanza } : {}) };
  } finally {
    bucket.close();
  }
}

function say(text: string): void {
  console.error(`database: ${text}`);
}
