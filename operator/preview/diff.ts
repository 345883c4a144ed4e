/** One value that is another one afterwards; `from` or `to` is absent when there is none. */
export interface FieldChange {
  /** For example spec.template.spec.containers[api].image. */
  path: string;
  from?: unknown;
  to?: unknown;
}

/** What the API server and the operator write for themselves. */
const OWN = new Set([
  'metadata.managedFields',
  'metadata.resourceVersion',
  'metadata.generation',
  'metadata.uid',
  'metadata.creationTimestamp',
  'metadata.annotations.cryptosense.io/applied',
  'metadata.annotations.cryptosense.io/routed-at',
  'metadata.annotations.deployment.kubernetes.io/revision',
  'status',
]);

/** The values of `after` that are not those of `before`, by their paths. Entries of lists are told apart by their names. Pure. */
export function fieldChanges(before: unknown, after: unknown, path = ''): FieldChange[] {
  if (OWN.has(path) || before === after) return [];
  if (isNamedList(before) && isNamedList(after))
    return changesOf(byName(before), byName(after), (name) => `${path}[${name}]`);
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return after.flatMap((item, i) => fieldChanges(before[i], item, `${path}[${i}]`));
  if (isObject(before) && isObject(after))
    return changesOf(before, after, (key) => (path === '' ? key : `${path}.${key}`));
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [
    {
      path,
      ...(before === undefined ? {} : { from: before }),
      ...(after === undefined ? {} : { to: after }),
    },
  ];
}

type Fields = Record<string, unknown>;

function changesOf(before: Fields, after: Fields, pathOf: (key: string) => string): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key) => fieldChanges(before[key], after[key], pathOf(key)));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamedList(value: unknown): value is (Fields & { name: string })[] {
  return (
    Array.isArray(value) &&
    value.every((item) => isObject(item) && typeof item.name === 'string') &&
    new Set(value.map(({ name }) => name)).size === value.length
  );
}

function byName(list: (Fields & { name: string })[]): Fields {
  return Object.fromEntries(list.map((item) => [item.name, item]));
}
