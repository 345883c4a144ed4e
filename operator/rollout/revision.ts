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

/** JSON with the keys of every object in order; of plain JSON values, where fields that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  return canonical(value) as string;
}

/** Called for every object in every reconciliation: a replacer for JSON.stringify takes three times as long. */
function canonical(value: unknown): string | undefined {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item) ?? 'null').join(',')}]`;
  let text = '';
  for (const key of inOrder(value)) {
    const field = canonical((value as Record<string, unknown>)[key]);
    if (field !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${field}`;
  }
  return `{${text}}`;
}

/** By code units, but numbers first and by size: so objects keep their keys, and hashes that are written rely on it. */
function inOrder(value: object): string[] {
  const keys = Object.keys(value).sort();
  return keys.some((key) => /^\d/.test(key))
    ? Object.keys(Object.fromEntries(keys.map((key) => [key, 0])))
    : keys;
}
