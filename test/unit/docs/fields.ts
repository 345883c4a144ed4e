import { customResourceDefinitions } from '../../../operator/api/crd.ts';

/** A part of an OpenAPI schema. */
interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: unknown;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

interface Definition {
  spec: {
    names: { plural: string; singular?: string; kind: string; shortNames?: string[] };
    versions: { schema: { openAPIV3Schema: Schema } }[];
  };
}

const SCHEMAS = new Map(
  (customResourceDefinitions() as unknown as Definition[]).flatMap(({ spec: { names, versions } }) => {
    const schema = versions[0]?.schema.openAPIV3Schema as Schema;
    const all = [names.plural, names.singular, names.kind.toLowerCase(), ...(names.shortNames ?? [])];
    return all.flatMap((name): [string, Schema][] => (name === undefined ? [] : [[name, schema]]));
  }),
);

/** The schema of one of the project's kinds, by any of its names; undefined for a kind of somebody else's. */
export function schemaOf(kind: string): Schema | undefined {
  return SCHEMAS.get(kind);
}

/** The fields that a JSONPath template reads and the schema does not have; filters and labels aside. */
export function unknownFields(template: string, schema: Schema): string[] {
  const list: Schema = { properties: { items: { items: schema } } };
  let within: Schema | undefined;
  const unknown: string[] = [];
  for (const [, part = ''] of withoutFilters(template).matchAll(/\{([^}"]+)\}/g)) {
    if (part.trim() === 'end') within = undefined;
    const range = part.startsWith('range ');
    const path = part.replace(/^range /, '').trim();
    if (!path.startsWith('.')) continue;
    const found = follow(path, within ?? (path.startsWith('.items') ? list : schema));
    if (found === undefined) unknown.push(path);
    else if (range) within = found;
  }
  return unknown;
}

/** `[?(@.type=="Ready")]` picks elements of a list, as `[*]` does. */
function withoutFilters(template: string): string {
  return template.replaceAll(/\[\?\(.*?\)\]/g, '[*]');
}

function follow(path: string, start: Schema): Schema | undefined {
  let at: Schema | undefined = start;
  for (const [, name, index] of path.matchAll(/\.([\w-]+)|(\[[*\d]+\])/g)) {
    // What Kubernetes itself gives every object is not in the schema.
    if (name === 'metadata' || at?.['x-kubernetes-preserve-unknown-fields'] || at?.additionalProperties)
      return {};
    at = index === undefined ? at?.properties?.[name ?? ''] : at?.items;
    if (at === undefined) return undefined;
  }
  return at;
}
