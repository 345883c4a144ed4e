import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { checkout } from './checkout.ts';

/** What the engine is used for: the demonstration and daily work, e2e tests, or containers of the integration tests. */
export type Purpose = 'local' | 'test' | 'integration';

export const purposes: readonly Purpose[] = ['local', 'test', 'integration'];

/** cryptosense-<purpose>-<6 hex of the checkout's real path>: two checkouts on one machine never meet. */
export function clusterName(purpose: Purpose, directory: string = checkout): string {
  const hash = createHash('sha256').update(realpathSync(directory)).digest('hex');
  return `cryptosense-${purpose}-${hash.slice(0, 6)}`;
}
