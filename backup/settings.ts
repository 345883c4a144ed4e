import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Retention } from '../operator/backup/retention.ts';

/** What the charts say to the program: no secret is in it. */
export interface BackupSettings {
  readonly environment: string;
  readonly namespace: string;
  readonly stanza: string;
  /** Folder of everything in the bucket, without a slash at its ends. */
  readonly prefix: string;
  readonly bucket: { readonly endpoint: string; readonly region: string; readonly name: string };
  readonly schedule: string;
  readonly retention: Retention;
  readonly database: {
    /** Leads to the primary. */
    readonly host: string;
    readonly name: string;
    /** Name that resolves to the addresses of all members. */
    readonly members: string;
  };
}

export interface Secrets {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly passphrase: string;
  /** PEM of who signed the storage's certificate, when that is no public authority. */
  readonly ca?: string;
}

/** Where the pods find settings and secrets, each in a file of its own. */
export function settingsFolder(): string {
  return process.env.BACKUP_FOLDER ?? '/etc/cryptosense/backup';
}

/** Throws with one sentence when the file is missing or no JSON. */
export function readSettings(folder = settingsFolder()): BackupSettings {
  const path = join(folder, 'settings.json');
  try {
    const settings = JSON.parse(readFileSync(path, 'utf8')) as BackupSettings;
    // A pod that was made after a restore must not write into the archive of before it, also when its files are of a moment ago.
    const { PGBACKREST_STANZA: stanza = settings.stanza } = process.env;
    return { ...settings, stanza };
  } catch (error) {
    throw new Error(`the settings ${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Read anew at every use: the kubelet replaces the files when a Secret changes. Throws with one sentence. */
export function readSecrets(folder = settingsFolder()): Secrets {
  const ca = readFile(join(folder, 'ca.crt'));
  return {
    accessKeyId: needed(folder, 'access-key-id'),
    secretAccessKey: needed(folder, 'secret-access-key'),
    passphrase: needed(folder, 'passphrase'),
    ...(ca === undefined ? {} : { ca }),
  };
}

function needed(folder: string, key: string): string {
  const value = readFile(join(folder, key))?.trim();
  if (value) return value;
  throw new Error(`the key ${key} is missing or empty: look into the Secrets that spec.backup names`);
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
