import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { checkout } from './checkout.ts';

/** What a cluster is for: the demonstration and daily work, or the tests. */
export type Purpose = 'local' | 'test';

export const purposes: readonly Purpose[] = ['local', 'test'];

/** cryptosense-<purpose>-<6 hex of the checkout's real path>: two checkouts on one machine never meet. */
export function clusterName(purpose: Purpose, directory: string = checkout): string {
  const hash = createHash('sha256').update(realpathSync(directory)).digest('hex');
  return `cryptosense-${purpose}-${hash.slice(0, 6)}`;
}
