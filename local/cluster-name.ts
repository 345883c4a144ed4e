import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { checkout } from './checkout.ts';
import { LocalFailure } from './report.ts';

/** What the engine is used for: the demonstration and daily work, e2e tests, or containers of the integration tests. */
export type Purpose = 'local' | 'test' | 'integration';

export const purposes: readonly Purpose[] = ['local', 'test', 'integration'];

/** Which cluster `npm start` is for: CRYPTOSENSE_CLUSTER, by which a test has it use its own, or the local one. Throws a sentence. */
export function chosenPurpose(env: Record<string, string | undefined> = process.env): Purpose {
  const { CRYPTOSENSE_CLUSTER: asked = 'local' } = env;
  const found = purposes.find((purpose) => purpose === asked);
  if (found === undefined)
    throw new LocalFailure(
      `CRYPTOSENSE_CLUSTER is "${asked}": say one of ${purposes.join(', ')}, or leave it out.`,
    );
  return found;
}

/** cryptosense-<purpose>-<6 hex of the checkout's real path>: two checkouts on one machine never meet. */
export function clusterName(purpose: Purpose, directory: string = checkout): string {
  const hash = createHash('sha256').update(realpathSync(directory)).digest('hex');
  return `cryptosense-${purpose}-${hash.slice(0, 6)}`;
}
