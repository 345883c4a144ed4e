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
  const keys = Object.keys(value);
  // Most often they are: what comes from the API server is.
  if (!keys.every((key, index) => index === 0 || (keys[index - 1] as string) < key)) keys.sort();
  return keys.some((key) => /^\d/.test(key))
    ? Object.keys(Object.fromEntries(keys.map((key) => [key, 0])))
    : keys;
}

/** Whether both are the same JSON, whatever the order of the fields; a field that is undefined is none. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return (
    Object.keys(one).every((key) => sameJson(one[key], other[key])) &&
    Object.keys(other).every((key) => other[key] === undefined || one[key] !== undefined)
  );
}
