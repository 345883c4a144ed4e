import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slotName, slotOfJob } from '../operator/backup/schedule.ts';
import { startAgent } from './agent.ts';
import { Bucket } from './bucket.ts';
import { expire } from './expire.ts';
import { rebuildObjects, recordsOf, takeAndVerify, verifyAgain, type Work } from './job.ts';
import { clusterObjects } from './objects.ts';
import { restoreJob } from './restore/jobs.ts';
import { recover } from './restore/recover.ts';
import { readSecrets, readSettings, settingsFolder } from './settings.ts';

const USAGE = `usage: backup.mjs COMMAND
  agent                       beside a member of the database: archiving, and full backups when asked for
  scheduled                   a full backup and a dump, each restored; then retention
  take <full|dump> <name>     the backup of one CryptoSenseBackup, restored
  verify <name>               restores a backup of the bucket once more
  drill                       restores up to a target into scratch space, and measures
  look                        says whether a target can be restored
  in-place                    lays a restored database beside the data of a member
  recover                     makes the data of a new database from backups`;

const DAY_MS = 86_400_000;

function log(message: string, details: Record<string, unknown> = {}): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...details }));
}

function workOfJob(): Work {
  const settings = readSettings();
  const secrets = readSecrets();
  const { JOB_NAME = 'by-hand', DEADLINE_SECONDS, SCRATCH_FOLDER = '/scratch' } = process.env;
  const url = readFileSync(join(settingsFolder(), 'MIGRATION_DATABASE_URL'), 'utf8').trim();
  return {
    settings,
    secrets,
    bucket: new Bucket(settings, secrets),
    objects: clusterObjects(settings.namespace, JOB_NAME),
    databaseUrl: url,
    scratch: SCRATCH_FOLDER,
    log,
    deadline: Date.now() + (DEADLINE_SECONDS ? Number(DEADLINE_SECONDS) * 1000 : DAY_MS),
  };
}

async function attempt(what: string, work: () => Promise<string[]>): Promise<string[]> {
  return work().catch((error: Error) => {
    log(`${what} failed`, { error: error.message });
    return [];
  });
}

async function scheduled(work: Work): Promise<boolean> {
  const { environment } = work.settings;
  const { JOB_NAME = '', CRON_JOB_NAME = '' } = process.env;
  const slot = slotOfJob(CRON_JOB_NAME, JOB_NAME) ?? Date.now();
  const full = await takeAndVerify(work, slotName(environment, 'full', slot), 'full');
  const dump = await takeAndVerify(work, slotName(environment, 'dump', slot), 'dump');
  const records = await recordsOf(work);
  // What cannot be taken away today is tomorrow.
  const gone = full || dump ? await attempt('expiry', () => expire(work, records)) : [];
  const kept = records.filter(({ name }) => !gone.includes(name));
  const rebuilt = await attempt('rebuilding of objects', () => rebuildObjects(work, kept));
  log('done', { full, dump, gone, rebuilt });
  return full && dump;
}

async function main(): Promise<number> {
  const [command, ...args] = process.argv.slice(2);
  if (command === 'agent') {
    const agent = await startAgent(readSettings());
    await new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, resolve);
    });
    await agent.close();
    return 0;
  }
  const [first, second] = args;
  if (command === 'scheduled') return (await scheduled(workOfJob())) ? 0 : 1;
  if (command === 'take' && (first === 'full' || first === 'dump') && second)
    return (await takeAndVerify(workOfJob(), second, first)) ? 0 : 1;
  if (command === 'verify' && first) return (await verifyAgain(workOfJob(), first)) ? 0 : 1;
  if (command === 'drill' || command === 'look' || command === 'in-place') return restoreJob(command);
  if (command === 'recover') {
    await recover();
    return 0;
  }
  console.error(USAGE);
  return 2;
}

try {
  process.exit(await main());
} catch (error) {
  log('it cannot go on', { error: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}
