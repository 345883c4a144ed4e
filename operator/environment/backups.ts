import type { Environment } from '../api/resolved.ts';
import type { Condition } from '../api/status.ts';
import type { BackupView, MigrationInput } from '../rollout/gate.ts';
import type { Live } from './snapshot.ts';

/** "number-revision": runs the contract migrations of this release now. */
const CONTRACT = 'cryptosense.io/contract';

/** What the migrations of an environment may rely on, of its spec and its CryptoSenseBackups. */
export function migrationInput(
  environment: Environment,
  wanted: Pick<MigrationInput, 'gate' | 'irreversible' | 'contract'>,
  { backups, backupsEnabled }: { backups: Live[]; backupsEnabled: boolean },
): MigrationInput {
  const { annotations = {}, creationTimestamp } = environment.metadata;
  const born = creationTimestamp === undefined ? 0 : Date.parse(creationTimestamp);
  const asked = annotations[CONTRACT];
  const views = backups.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(backupView);
  return {
    gate: wanted.gate,
    irreversible: wanted.irreversible,
    contract: wanted.contract,
    backupsEnabled,
    // One from before the environment was made is of another that had its name.
    backups: views.filter(({ completedAt }) => completedAt === undefined || completedAt >= born),
    ...(asked === undefined ? {} : { contractAskedFor: asked }),
  };
}

/** Only a condition that is True counts: what is not known yet is no backup. */
function backupView(live: Live): BackupView {
  const { type = 'full' } = (live.spec ?? {}) as { type?: string };
  const {
    conditions = [],
    startedAt,
    completedAt,
    restorePoint,
  } = (live.status ?? {}) as {
    conditions?: Condition[];
    startedAt?: string;
    completedAt?: string;
    restorePoint?: { time: string; archived: boolean };
  };
  const of = (name: string) => conditions.find((condition) => condition.type === name);
  const verified = of('Verified');
  const isComplete = of('Completed')?.status === 'True' && completedAt !== undefined;
  return {
    name: live.metadata.name,
    isFull: type === 'full',
    ...(startedAt === undefined ? {} : { startedAt: Date.parse(startedAt) }),
    ...(isComplete ? { completedAt: Date.parse(completedAt) } : {}),
    isVerified: verified?.status === 'True',
    ...(verified?.status === 'False' ? { problem: verified.message } : {}),
    ...(restorePoint?.archived ? { restorePoint: Date.parse(restorePoint.time) } : {}),
  };
}
