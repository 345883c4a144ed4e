import {
  type BackupRecord,
  type BackupStatus,
  type BackupType,
  conditionOf,
  judged,
  parseRecord,
  RUNNING,
  recordText,
} from '../operator/backup/record.ts';
import { recordKey, recordsFolder } from '../operator/backup/repository.ts';
import type { Bucket } from './bucket.ts';
import { takeDump } from './dump.ts';
import { askForFull, primaryAgent } from './members.ts';
import type { BackupObjects } from './objects.ts';
import { withScratch } from './scratch.ts';
import type { BackupSettings, Secrets } from './settings.ts';
import { sentenceOf, type Verification, verifyDump, verifyFull } from './verify.ts';

/** What one run of a Job works with. */
export interface Work {
  readonly settings: BackupSettings;
  readonly secrets: Secrets;
  readonly bucket: Bucket;
  readonly objects: BackupObjects;
  /** URL of the database, for dumps. */
  readonly databaseUrl: string;
  readonly agentPort?: number;
  /** Folder on a volume that has room for the whole database. */
  readonly scratch: string;
  readonly log: (message: string, details?: Record<string, unknown>) => void;
  /** Until when the Job has to be done, in milliseconds since 1970. */
  readonly deadline: number;
}

type Taken = Omit<BackupRecord, 'version' | 'name' | 'spec' | 'status'> & { status: BackupStatus };

/**
 * Takes one backup, writes down what became of it in the object and in the bucket, restores it and writes that down.
 * What an earlier try did is not done again. True when it is complete and verified.
 */
export async function takeAndVerify(work: Work, name: string, type: BackupType): Promise<boolean> {
  const spec = { environment: work.settings.environment, type };
  let record = (await recordOf(work, name)) ?? { version: 1, name, spec, status: {} };
  await eitherWay(work, 'the object cannot be made', () => work.objects.create(name, spec));
  if (conditionOf(record.status, 'Completed')?.status !== 'True') {
    record = { ...record, ...(await taken(work, record)) };
    await writtenDown(work, record);
  }
  if (conditionOf(record.status, 'Completed')?.status !== 'True') return false;
  if (conditionOf(record.status, 'Verified')?.status === 'True') return true;
  record = { ...record, status: await verified(work, record) };
  await writtenDown(work, record);
  return conditionOf(record.status, 'Verified')?.status === 'True';
}

/** Restores a backup that is in the bucket once more. */
export async function verifyAgain(work: Work, name: string): Promise<boolean> {
  const found = await recordOf(work, name);
  if (!found) throw new Error(`there is no record of the backup ${name} in the bucket`);
  const record = { ...found, status: await verified(work, found) };
  await writtenDown(work, record);
  return conditionOf(record.status, 'Verified')?.status === 'True';
}

/** Every record in the bucket; one that cannot be read is said and left out. */
export async function recordsOf({ bucket, settings, log }: Work): Promise<BackupRecord[]> {
  const records: BackupRecord[] = [];
  for (const { key } of await bucket.list(recordsFolder(settings.prefix))) {
    try {
      records.push(parseRecord(key, (await bucket.text(key)) ?? ''));
    } catch (error) {
      log('a record cannot be read', { key, error: (error as Error).message });
    }
  }
  return records;
}

/** The objects that are missing are made again: a bucket outlives a cluster. */
export async function rebuildObjects(work: Work, records: readonly BackupRecord[]): Promise<string[]> {
  const made: string[] = [];
  for (const { name, spec, status } of records) {
    const there = await work.objects.get(name);
    if (there && saysTheSame(there.status ?? {}, status)) continue;
    if (!there) await work.objects.create(name, { ...spec, environment: work.settings.environment });
    await work.objects.writeStatus(name, status);
    made.push(name);
  }
  return made;
}

/** An object that was written while the API server was away, or by the operator for a Job that it missed, is behind. */
function saysTheSame(object: BackupStatus, record: BackupStatus): boolean {
  return ['Completed', 'Verified'].every(
    (type) => conditionOf(object, type)?.status === conditionOf(record, type)?.status,
  );
}

async function taken(work: Work, { name, spec, status: before }: BackupRecord): Promise<Taken> {
  const startedAt = Date.now();
  const running = judged(
    { ...before, startedAt: new Date(startedAt).toISOString() },
    { type: 'Completed', status: 'False', reason: RUNNING, message: 'The backup is being taken.' },
    startedAt,
  );
  await eitherWay(work, 'the status cannot be written', () => work.objects.writeStatus(name, running));
  try {
    await work.bucket.assertVersioned();
    const result = spec.type === 'full' ? await full(work, name) : await dump(work, name, startedAt);
    const now = Date.now();
    const seconds = (now - startedAt) / 1000;
    const status = {
      ...running,
      ...result.status,
      completedAt: new Date(now).toISOString(),
      durationSeconds: seconds,
    };
    const message = `It is in the bucket after ${seconds.toFixed(1)} s.`;
    return {
      ...result,
      status: judged(status, { type: 'Completed', status: 'True', reason: 'Complete', message }, now),
    };
  } catch (error) {
    const message = sentence((error as Error).message);
    work.log('the backup failed', { name, error: message });
    return {
      status: judged(running, { type: 'Completed', status: 'False', reason: 'Failed', message }, Date.now()),
    };
  }
}

async function full(work: Work, name: string): Promise<Taken> {
  const { settings, secrets } = work;
  const agent = await primaryAgent(settings, work.agentPort);
  const backup = await askForFull(agent, secrets.passphrase, { name, timeoutMs: remaining(work) });
  const { label, sizeBytes, walStart, walStop, restorePoint, stoppedAt } = backup;
  const recoveryPoint = new Date(stoppedAt).toISOString();
  return {
    status: { stanza: settings.stanza, label, sizeBytes, walStart, walStop, recoveryPoint, restorePoint },
  };
}

async function dump(work: Work, name: string, at: number): Promise<Taken> {
  const { settings, secrets, bucket, databaseUrl: url } = work;
  const options = { url, prefix: settings.prefix, name, passphrase: secrets.passphrase, at };
  const { key, sizeBytes, sha256, hmac } = await takeDump(bucket, { ...options, timeoutMs: remaining(work) });
  return { sha256, hmac, status: { key, sizeBytes, recoveryPoint: new Date(at).toISOString() } };
}

async function verified(work: Work, record: BackupRecord): Promise<BackupStatus> {
  const { name, status } = record;
  const startedAt = Date.now();
  try {
    const seen = await withScratch(work.scratch, (folder) => verification(work, record, folder));
    const now = Date.now();
    const message = sentenceOf(seen, (now - startedAt) / 1000);
    work.log('the backup is verified', { name, ...seen });
    const known = { ...status, verifiedAt: new Date(now).toISOString() };
    const exact = seen.recoveryPoint ? { recoveryPoint: seen.recoveryPoint } : {};
    return judged(
      { ...known, ...exact },
      { type: 'Verified', status: 'True', reason: 'Restored', message },
      now,
    );
  } catch (error) {
    const message = sentence((error as Error).message);
    work.log('the backup cannot be restored', { name, error: message });
    const { verifiedAt: _, ...rest } = status;
    return judged(rest, { type: 'Verified', status: 'False', reason: 'NotRestorable', message }, Date.now());
  }
}

async function verification(
  work: Work,
  { status, sha256, hmac }: BackupRecord,
  folder: string,
): Promise<Verification> {
  const { settings, secrets, bucket } = work;
  const timeoutMs = remaining(work);
  const { label, key, stanza = settings.stanza, sizeBytes, restorePoint } = status;
  if (label !== undefined) {
    const target =
      restorePoint?.archived && restorePoint.name
        ? ({ type: 'name', name: restorePoint.name } as const)
        : ({ type: 'immediate' } as const);
    return verifyFull(folder, { stanza, label, target, timeoutMs });
  }
  if (key === undefined) throw new Error('the record says neither a label nor a key');
  const expected = {
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(hmac === undefined ? {} : { hmac }),
  };
  return verifyDump(folder, bucket, { key, passphrase: secrets.passphrase, expected, timeoutMs });
}

async function recordOf({ bucket, settings, log }: Work, name: string): Promise<BackupRecord | undefined> {
  const key = recordKey(settings.prefix, name);
  try {
    const text = await bucket.text(key);
    return text === undefined ? undefined : parseRecord(key, text);
  } catch (error) {
    log('the record cannot be read', { key, error: (error as Error).message });
    return undefined;
  }
}

/** In the bucket and in the cluster: either of them may be away, and the backup counts all the same. */
async function writtenDown(work: Work, record: BackupRecord): Promise<void> {
  const { name, status } = record;
  const key = recordKey(work.settings.prefix, name);
  await eitherWay(work, 'the record cannot be written', () => work.bucket.put(key, recordText(record)));
  await eitherWay(work, 'the status cannot be written', () => work.objects.writeStatus(name, status));
}

async function eitherWay({ log }: Work, what: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    log(what, { error: (error as Error).message });
  }
}

function remaining({ deadline }: Work): number {
  const left = deadline - Date.now();
  if (left <= 0) throw new Error('the time of the Job is over');
  return left;
}

function sentence(message: string): string {
  const text = message.trim();
  // Names of programs stay as they are.
  const first = /^[a-z]+ /.test(text) ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text;
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
