import type { Schema } from '../../../operator/api/crd.ts';

/** The parts of a CustomResourceDefinition that its users depend on. */
export interface Definition {
  spec: {
    group: string;
    scope: string;
    names: { plural: string; singular: string; kind: string; shortNames?: string[]; categories?: string[] };
    versions: {
      name: string;
      served: boolean;
      storage: boolean;
      schema: { openAPIV3Schema: Schema };
      subresources?: { status?: object; scale?: Record<string, string> };
      additionalPrinterColumns?: { name: string; type: string; jsonPath: string }[];
    }[];
  };
}

interface Rule {
  rule: string;
  message: string;
}

export interface Changes {
  /** What a user of the older definition would miss, each with its path. */
  breaking: string[];
  /** Rules that the older definition did not have, by their sentence, with the fields that they are on. */
  newRules: Map<string, string[]>;
}

const LIMITS = new Map([
  ...['minimum', 'minLength', 'minItems', 'minProperties'].map((key) => [key, 'lower'] as const),
  ...['maximum', 'maxLength', 'maxItems', 'maxProperties'].map((key) => [key, 'upper'] as const),
]);

/** Everything that the newer definition refuses or lacks although the older one took it or had it. */
export function changesOf(older: Definition, newer: Definition): Changes {
  const changes: Changes = { breaking: [], newRules: new Map() };
  const broken = (what: string) => changes.breaking.push(what);
  for (const key of ['group', 'scope'] as const)
    if (older.spec[key] !== newer.spec[key]) broken(`${key} is another one`);
  const [names, newNames] = [older.spec.names, newer.spec.names];
  for (const key of ['plural', 'singular', 'kind'] as const)
    if (names[key] !== newNames[key]) broken(`names.${key} is another one`);
  for (const key of ['shortNames', 'categories'] as const)
    for (const name of lost(names[key], newNames[key])) broken(`names.${key} has no ${name} any more`);
  for (const version of older.spec.versions) {
    const now = newer.spec.versions.find(({ name }) => name === version.name);
    if (!now || (version.served && !now.served)) {
      broken(`version ${version.name} is not served any more`);
      continue;
    }
    if (version.storage && !now.storage) broken(`version ${version.name} is not the stored one any more`);
    if (version.subresources?.status && !now.subresources?.status) broken('subresource status is gone');
    for (const [key, path] of Object.entries(version.subresources?.scale ?? {}))
      if (now.subresources?.scale?.[key] !== path)
        broken(`subresource scale: ${key} is not ${path} any more`);
    for (const { name, type, jsonPath } of version.additionalPrinterColumns ?? []) {
      const column = now.additionalPrinterColumns?.find((one) => one.name === name);
      if (column?.type !== type || column.jsonPath !== jsonPath)
        broken(`column ${name} is gone or another one`);
    }
    walk(version.schema.openAPIV3Schema, now.schema.openAPIV3Schema, '', changes);
  }
  return changes;
}

function walk(older: Schema, newer: Schema | undefined, path: string, changes: Changes): void {
  const broken = (what: string) => changes.breaking.push(`${path || '(root)'} ${what}`);
  if (newer === undefined) {
    broken('is gone');
    return;
  }
  for (const key of new Set([...Object.keys(older), ...Object.keys(newer)])) {
    const [was, is] = [older[key], newer[key]];
    if (JSON.stringify(was) === JSON.stringify(is) || key === 'description') continue;
    const direction = LIMITS.get(key);
    if (key === 'properties') {
      for (const [name, child] of Object.entries((was ?? {}) as Record<string, Schema>))
        walk(child, (is as Record<string, Schema> | undefined)?.[name], `${path}.${name}`, changes);
    } else if (key === 'items' || (key === 'additionalProperties' && typeof was === 'object')) {
      walk(was as Schema, is as Schema | undefined, `${path}${key === 'items' ? '[]' : '{}'}`, changes);
    } else if (key === 'required') {
      for (const name of lost(is as string[], was as string[])) broken(`requires ${name} now`);
    } else if (key === 'enum') {
      if (was === undefined) broken('has an enum now');
      else if (is !== undefined)
        for (const value of lost(was as string[], is as string[])) broken(`does not take ${value} any more`);
    } else if (direction) {
      const tighter =
        was === undefined || (direction === 'lower' ? Number(is) > Number(was) : Number(is) < Number(was));
      if (is !== undefined && tighter) broken(`has ${key} ${is} now, before ${was ?? 'none'}`);
    } else if (key === 'x-kubernetes-validations') {
      const known = new Set(((was ?? []) as Rule[]).map(({ rule }) => rule));
      for (const { rule, message } of (is ?? []) as Rule[])
        if (!known.has(rule))
          changes.newRules.set(message, [...(changes.newRules.get(message) ?? []), path || '(root)']);
    } else if (key === 'pattern') {
      if (is !== undefined) broken('has another pattern now');
    } else if (!(key === 'default' && was === undefined)) {
      broken(`has ${key} ${JSON.stringify(is)} now, before ${JSON.stringify(was)}`);
    }
  }
}

function lost(before: string[] = [], after: string[] = []): string[] {
  return before.filter((one) => !after.includes(one));
}
