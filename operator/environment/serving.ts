import { type ReleaseInputs, releaseInputs } from '../api/resolved.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * What the release is made of that serves: the stable one; without a status the one that gets the most requests, which
 * is what the status is rebuilt from; before the first release what the spec asks for.
 */
export function servingRelease({ environment, route, records, resolved }: Snapshot): ReleaseInputs {
  const [heaviest] = Object.entries(route?.weights ?? {}).sort(([, a], [, b]) => b - a);
  const revision = environment.status?.stable?.revision ?? heaviest?.[0];
  return records.find((record) => record.revision === revision)?.inputs ?? releaseInputs(resolved);
}
