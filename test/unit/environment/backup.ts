import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { RestoreResult } from '../../../operator/restore/result.ts';
import { QUICK, type World } from './world.ts';

/** An environment that has somewhere to put its backups. */
export const BACKED_UP: EnvironmentSpec = {
  ...QUICK,
  backup: {
    enabled: true,
    bucket: { endpoint: 'https://s3.test', name: 'backups', credentialsSecret: 'bucket' },
    encryptionSecret: 'passphrase',
  },
};

interface Backup {
  name?: string;
  type?: 'full' | 'dump';
  /** Seconds before now. */
  startedAgo?: number;
  completedAgo?: number;
  completed?: boolean;
  verified?: 'True' | 'False' | 'Unknown';
  restorePoint?: 'archived' | 'not archived' | 'none';
  environment?: string;
}

/** Puts a CryptoSenseBackup there as the component that takes backups would: one that opens every gate, but for `unlike`. */
export function putBackup(world: World, unlike: Backup = {}): void {
  const { name = 'nightly', type = 'full', environment = 'shop' } = unlike;
  const { startedAgo = 0, completedAgo = 0, completed = true } = unlike;
  const { verified = 'True', restorePoint = 'archived' } = unlike;
  const ago = (seconds: number) => new Date(world.now - seconds * 1000).toISOString();
  const is = (of: string, status: string, message = '') => ({
    type: of,
    status,
    reason: 'Test',
    message,
    lastTransitionTime: ago(0),
  });
  world.server.put({
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseBackup',
    metadata: { name, namespace: 'market' },
    spec: { environment, type },
    status: {
      startedAt: ago(startedAgo),
      ...(completed ? { completedAt: ago(completedAgo) } : {}),
      conditions: [
        is('Completed', completed ? 'True' : 'False'),
        is('Verified', verified, verified === 'False' ? 'a page is damaged' : ''),
      ],
      ...(restorePoint === 'none'
        ? {}
        : { restorePoint: { time: ago(completedAgo), archived: restorePoint === 'archived' } }),
    },
  });
}

/** What a Job says that has just restored the backup of the night. */
export function restored(world: World): RestoreResult {
  const at = (seconds: number) => new Date(world.now + seconds * 1000).toISOString();
  return {
    outcome: 'restored',
    backup: '20260105-020000F',
    stanza: 'shop-1',
    startedAt: at(-3),
    restoredAt: at(-2),
    answeredAt: at(-1),
    checkedAt: at(0),
    recoveryPoint: at(-30),
    timeline: 2,
    bytes: 1e9,
    tables: 3,
    rows: 100,
  };
}
