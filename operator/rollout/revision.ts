import { createHash } from 'node:crypto';
import type { ReleaseInputs } from '../api/resolved.ts';

/**
 * Identity of a release: 10 characters that are equal exactly when the user's inputs are equal, whatever the order
 * of the fields. It does not depend on the rendered template, or an upgrade of the operator would release
 * every environment anew.
 */
export function revisionOf(inputs: ReleaseInputs): string {
  return createHash('sha256').update(canonicalJson(inputs)).digest('hex').slice(0, 10);
}

/** JSON with the keys of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
