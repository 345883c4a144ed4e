import type { customResourceDefinitions, Schema } from './crd.ts';
import type { Defaults } from './reference-defaults.ts';
import { fieldsOf, formRows, type ReferenceField, rulesOf, typeOf } from './reference-fields.ts';

export { defaultsByTier } from './reference-defaults.ts';

type Crd = ReturnType<typeof customResourceDefinitions>[number];

const NO_DEFAULTS: Defaults = { columns: [], values: new Map() };

/** The page of one kind in Markdown: every field by its group, with type, default, meaning and rules. Pure. */
export function referencePage(crd: Crd, defaults = NO_DEFAULTS): string {
  const { names, group, versions } = crd.spec;
  const [version] = versions;
  if (!version) throw new Error(`${names.kind} has no version`);
  const root = version.schema.openAPIV3Schema;
  const { spec, status } = root.properties as Record<'spec' | 'status', Schema>;
  const short = names.shortNames[0];
  const fields = [
    ...part('spec', spec, defaults, ruleList([{ path: '', schema: root, required: true }])),
    ...part('status', status, NO_DEFAULTS),
  ];
  const forms = formRows().filter(([name]) => fields.some((block) => block.includes(`[${name}](#forms)`)));
  const blocks = [
    '<!-- Made by `npm run crds` from operator/api: change it there. -->',
    `# ${names.kind}`,
    text(String(root.description)),
    `\`${group}/${version.name}\`, short name \`${short}\`, in a namespace. The same in a terminal: \`kubectl explain ${short}.spec\`.`,
    howToRead(defaults),
    contents('spec', spec),
    contents('status', status),
    ...fields,
    '## Forms',
    'Values that are written in the same way wherever they occur.',
    table(
      ['form', 'how it is written'],
      forms.map((cells) => cells.map(text)),
    ),
    '## What kubectl get prints',
    table(
      ['column', 'meaning'],
      version.additionalPrinterColumns.map(({ name, description, jsonPath }) => [
        name,
        description ?? code(jsonPath.slice(1)),
      ]),
    ),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function howToRead({ columns }: Defaults): string {
  const sentences = [
    'What breaks a rule is refused by the API server with the sentence that stands here.',
    'A path with `[]` is a field of each entry of a list.',
    columns.length > 0 ? 'A default "by tier" is in the table below its fields.' : '',
  ];
  return sentences.join(' ').trim();
}

function contents(name: string, schema: Schema): string {
  const links = groupsOf(name, schema).map((group) => `[${group}](#${name}${group.toLowerCase()})`);
  return links.length > 1 ? `**${name}**: ${links.join(' · ')}` : '';
}

/** Fields right under spec or status that have fields of their own get a heading each; a few fields are one table. */
function groupsOf(name: string, schema: Schema): string[] {
  const fields = [...fieldsOf(schema)];
  if (name === 'spec' && fields.length <= 10) return [];
  const heads = new Set(fields.filter(({ path }) => /[.[]/.test(path)).map(({ path }) => headOf(path)));
  return [...heads];
}

function headOf(path: string): string {
  return path.replace(/[.[].*$/, '');
}

/** spec or status: first the fields without a group, then the groups. */
function part(name: string, schema: Schema, defaults: Defaults, rules: string[] = []): string[] {
  // The operator alone writes status: what it may not leave out is of no use to a reader.
  const fields = [...fieldsOf(schema)].map((field) =>
    name === 'spec' ? field : { ...field, required: false },
  );
  const groups = groupsOf(name, schema);
  return [
    `## ${name}`,
    text(String(schema.description)),
    ...section(
      fields.filter(({ path }) => !groups.includes(headOf(path))),
      defaults,
      [...rules, ...ruleList([{ path: '', schema, required: true }])],
    ),
    ...groups.flatMap((group) => {
      const [head, ...own] = fields.filter(({ path }) => headOf(path) === group);
      if (!head) return [];
      const kind = head.schema.items ? ` A ${typeOf(head.schema)}.` : '';
      const required = head.required ? ' **Required.**' : '';
      return [
        `### ${name}.${group}`,
        `${text(String(head.schema.description))}${kind}${required}`,
        ...section(own, defaults, ruleList([head])),
      ];
    }),
  ];
}

/** The fields as a table, the defaults that depend on the tier as a second one, the rules as a list. */
function section(fields: ReferenceField[], defaults: Defaults, ownRules: string[]): string[] {
  const rows = fields.map((field) => [
    code(field.path),
    typeOf(field.schema),
    defaultOf(field, defaults),
    text(String(field.schema.description)),
  ]);
  const differing = [...defaults.values]
    .filter(([path, values]) => !isSame(values) && fields.some((field) => covers(field.path, path)))
    .map(([path, values]) => [code(path), ...values]);
  const rules = [...ownRules, ...ruleList(fields)];
  return [
    table(['field', 'type', 'default', 'meaning'], rows),
    table(['default by tier', ...defaults.columns], differing),
    rules.length > 0 ? `Rules:\n\n${rules.join('\n')}` : '',
  ];
}

function defaultOf({ path, schema, required }: ReferenceField, { values }: Defaults): string {
  if (required) return 'required';
  const own = values.get(path);
  if (own) return isSame(own) ? (own[0] ?? '') : 'by tier';
  const isMapWithDefaults =
    schema.additionalProperties && [...values.keys()].some((key) => covers(path, key));
  return isMapWithDefaults ? 'by tier' : '';
}

function isSame(values: string[]): boolean {
  return new Set(values).size === 1;
}

/** The defaults of a map are those of its keys. */
function covers(field: string, path: string): boolean {
  return path === field || path.startsWith(`${field}.`);
}

function ruleList(fields: ReferenceField[]): string[] {
  return fields.flatMap(({ path, schema }) =>
    rulesOf(schema).map(
      ({ message, onChange }) =>
        `- ${path === '' ? '' : `${code(path)}: `}${onChange ? '(on a change) ' : ''}${text(message)}`,
    ),
  );
}

/** A column that is empty in every row is left out. */
function table(columns: string[], cells: string[][]): string {
  if (cells.length === 0) return '';
  const used = (row: string[]) => row.filter((_, column) => cells.some((each) => each[column] !== ''));
  const [heading, rows] = [used(columns), cells.map(used)];
  return [heading, heading.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function code(value: string): string {
  return `\`${value}\``;
}

/** Sentences have stars and angle brackets of their own, which are not Markdown's. */
function text(sentence: string): string {
  return sentence.replaceAll(/[*<|]|(?<= )_/g, String.raw`\$&`);
}
