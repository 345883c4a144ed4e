import { type BackupRecord, conditionOf, EXPIRED, judged } from '../operator/backup/record.ts';
import { recordKey } from '../operator/backup/repository.ts';
import { expiredBackups } from '../operator/backup/retention.ts';
import { isSlotName } from '../operator/backup/schedule.ts';
import type { Work } from './job.ts';
import { askToExpire, primaryAgent } from './members.ts';

const FAILED_KEPT_MS = 30 * 86_400_000;
const TIMEOUT_MS = 1_800_000;

/**
 * Takes the backups away that retention does not keep, fulls and dumps each by themselves. Only what a record says to be
 * complete counts and goes; what failed is forgotten after a month. The versions that the bucket keeps are not touched.
 * Returns the names of those that went.
 */
export async function expire(work: Work, records: readonly BackupRecord[]): Promise<string[]> {
  const { settings, secrets, agentPort } = work;
  const gone = expiredRecords(records, work, Date.now());
  const backups = gone.flatMap(({ status: { label, stanza = settings.stanza } }) =>
    label === undefined ? [] : [{ stanza, label }],
  );
  const agent = await primaryAgent(settings, agentPort);
  await askToExpire(agent, secrets.passphrase, { backups, timeoutMs: TIMEOUT_MS });
  for (const record of gone) await forget(work, record);
  return gone.map(({ name }) => name);
}

function expiredRecords(
  records: readonly BackupRecord[],
  { settings: { retention } }: Work,
  now: number,
): BackupRecord[] {
  const is = (record: BackupRecord, type: string) => conditionOf(record.status, type)?.status === 'True';
  const complete = records.filter(
    (record) => is(record, 'Completed') && record.status.completedAt !== undefined,
  );
  const failed = records.filter((record) => !complete.includes(record));
  // A backup that no restore has proved pushes none out that is proved.
  const groups = Map.groupBy(complete, (record) => `${record.spec.type} ${is(record, 'Verified')}`);
  const expired = [...groups.values()].flatMap((group) => {
    const dated = group.map((record) => {
      const { name, spec, status } = record;
      const isAskedFor = !isSlotName(spec.environment, spec.type, name);
      return { record, name, at: Date.parse(status.completedAt ?? ''), isAskedFor };
    });
    return expiredBackups(dated, retention).map(({ record }) => record);
  });
  const old = failed.filter(({ status }) => Date.parse(status.startedAt ?? '') < now - FAILED_KEPT_MS);
  return [...expired, ...old];
}

/** A full backup is out of the repository by now. */
async function forget(
  { bucket, settings, objects, log }: Work,
  { name, status }: BackupRecord,
): Promise<void> {
  if (status.key !== undefined) await bucket.remove(status.key);
  await bucket.remove(recordKey(settings.prefix, name));
  // Nobody but a person deletes the object.
  const message = 'Retention has taken it away: it is not in the bucket any more.';
  const verdict = { type: 'Completed', status: 'False', reason: EXPIRED, message } as const;
  await objects
    .writeStatus(name, judged(status, verdict, Date.now()))
    .catch((error: Error) =>
      log('the object cannot say that it has expired', { name, error: error.message }),
    );
  log('the backup has expired', { name });
}
