import { milliseconds } from '../../../operator/api/duration.ts';
import { age, plural } from '../../terminal/words.ts';
import type { Facts } from '../facts.ts';
import { type Check, type Finding, fail, warn } from '../finding.ts';
import { latest, statusOf } from './data-status.ts';

/** The guide: a full backup a day; two hours for it to be taken and to be seen. */
const BACKUP_MS = milliseconds('26h');

const isImportant = ({ resolved }: Facts) => ['production', 'staging'].includes(resolved.spec.tier);

const backups: Check = {
  id: 'backups',
  list: 'pre-launch',
  item: 'Database backups automated',
  look(facts) {
    const { environment, resolved, parts, now, secrets } = facts;
    const { backup } = resolved.spec;
    const name = environment.metadata.name;
    if (!backup.enabled)
      return isImportant(facts)
        ? [
            fail(
              'no backup is taken: spec.backup.enabled is false',
              'Name a bucket and an encryption Secret in spec.backup and set enabled to true: examples/features/backup.yaml.',
            ),
          ]
        : undefined;
    const findings: Finding[] = [];
    for (const [secret, key] of [
      [backup.encryptionSecret, 'passphrase'],
      [backup.bucket?.credentialsSecret, 'access-key-id'],
      [backup.bucket?.credentialsSecret, 'secret-access-key'],
    ] as const) {
      const known = secret === undefined ? undefined : secrets[secret];
      if (known?.state === 'absent')
        findings.push(
          fail(
            `Secret ${secret}, which backups need, is not there`,
            `Create it with the key ${key}; without the passphrase nothing can be restored, so keep a copy elsewhere.`,
          ),
        );
      else if (known?.state === 'there' && !known.keys.includes(key))
        findings.push(fail(`Secret ${secret} has no key ${key}`, `Add the key ${key} to it.`));
    }
    const newest = latest(parts.backups.items, ({ completedAt }) => completedAt);
    if (newest === undefined)
      findings.push(fail('there is no backup yet', `Take one now: kubectl cryptosense backup ${name}.`));
    else if (now - Date.parse(newest) > BACKUP_MS)
      findings.push(
        fail(
          `the newest backup is ${age(newest, now)} old, and one a day is asked for`,
          `kubectl cryptosense backups ${name} says why the others failed.`,
        ),
      );
    const failed = parts.backups.items.filter((object) => {
      const completed = statusOf(object).conditions?.find(({ type }) => type === 'Completed');
      return completed?.status === 'False' && completed.reason !== 'Running';
    });
    if (failed.length > 0)
      findings.push(
        warn(
          `${plural(failed.length, 'backup')} failed: ${failed
            .map(({ metadata }) => metadata.name)
            .slice(-3)
            .join(', ')}`,
          `kubectl cryptosense backups ${name} has the reasons; delete those that are understood.`,
        ),
      );
    return findings;
  },
};

const recovery: Check = {
  id: 'recovery',
  list: 'pre-launch',
  item: 'Disaster recovery plan documented',
  look(facts) {
    const { resolved, parts, cluster } = facts;
    const { spec } = resolved;
    const findings: Finding[] = [];
    if (spec.tier === 'production' && !spec.deletionProtection)
      findings.push(
        fail(
          'deletionProtection is off: one kubectl delete takes it down',
          'Take spec.deletionProtection out of the resource: production has it by default.',
        ),
      );
    if (
      spec.deletionProtection &&
      cluster.admission.missing === undefined &&
      !cluster.admission.items.some(({ metadata }) => metadata.name === 'cryptosense.io-environments')
    )
      findings.push(
        fail(
          'deletionProtection is on, and nothing in the cluster enforces it',
          'Apply dist/operator.yaml: it has the ValidatingAdmissionPolicies.',
        ),
      );
    const names = parts.claims.items.flatMap(
      (claim) => ((claim.spec ?? {}) as { volumeName?: string }).volumeName ?? [],
    );
    const lost = cluster.volumes.items.filter(
      (volume) =>
        names.includes(volume.metadata.name) &&
        (volume.spec as { persistentVolumeReclaimPolicy?: string }).persistentVolumeReclaimPolicy ===
          'Delete',
    );
    if (lost.length > 0 && isImportant(facts))
      findings.push(
        warn(
          `${plural(lost.length, 'volume')} go with their claims (reclaim policy Delete)`,
          `kubectl patch pv ${lost.map(({ metadata }) => metadata.name).join(' ')} -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`,
        ),
      );
    if (spec.backup.enabled && !spec.backup.drillSchedule)
      findings.push(
        warn(
          'no restore is rehearsed: spec.backup.drillSchedule is not set',
          'Set it, for example to "0 4 1 */3 *": the guide wants a drill a quarter.',
        ),
      );
    return findings;
  },
};

export const BACKUPS: readonly Check[] = [backups, recovery];
