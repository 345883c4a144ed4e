import { effectiveSpec } from './effective-spec.ts';
import type { Tier } from './environment.ts';

/** Values of one field, a column each: the default of every tier, as the page shows it. */
export interface Defaults {
  columns: string[];
  /** By the path of the field, without "spec.". */
  values: Map<string, string[]>;
}

const TIERS: readonly Tier[] = ['local', 'development', 'staging', 'production'];

const NONE = 'none';

export function defaultsByTier(): Defaults {
  const columns = TIERS.map((tier) => {
    const { tier: _tier, release, ...rest } = effectiveSpec({ tier, release: { image: 'any:1' } });
    return new Map(shown({ release: { config: release.config, migration: release.migration }, ...rest }));
  });
  const paths = new Set(columns.flatMap((column) => [...column.keys()]));
  const values = [...paths].map(
    (path) => [path, columns.map((column) => column.get(path) ?? NONE)] as [string, string[]],
  );
  return { columns: [...TIERS], values: new Map(values) };
}

/** Each effective field with its value as a person would say it. */
function shown(value: unknown, path = ''): [string, string][] {
  if (Array.isArray(value)) return [[path, value.length === 0 ? nothing(path) : code(value.map(entry))]];
  if (typeof value !== 'object' || value === null) return [[path, code([String(value)])]];
  const parts = Object.entries(value);
  if (parts.length === 0) return [[path, NONE]];
  return parts.flatMap(([key, part]) => shown(part, path === '' ? key : `${path}.${key}`));
}

function nothing(path: string): string {
  return path === 'routing.hostnames' ? 'every host' : NONE;
}

function entry(value: string | { weight?: number; pause?: string }): string {
  if (typeof value === 'string') return value;
  return value.weight === undefined ? String(value.pause) : `${value.weight} %`;
}

function code(parts: string[]): string {
  return `\`${parts.join(', ')}\``;
}
