import type { z } from 'zod';
import type { Schema } from './crd.ts';
import * as forms from './spec/forms.ts';

/** A field of a resource by its path, for example `rollout.canary.steps[].weight`. */
export interface ReferenceField {
  path: string;
  schema: Schema;
  /** Whether it has to be there when what holds it is there. */
  required: boolean;
}

/** Every field below `schema`, parents first, in the order in which the schema has them. */
export function* fieldsOf(schema: Schema, path = ''): Generator<ReferenceField> {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const required = (schema.required ?? []) as string[];
  for (const [name, child] of Object.entries(properties)) {
    const own = path === '' ? name : `${path}.${name}`;
    yield { path: own, schema: child, required: required.includes(name) };
    yield* child.items ? fieldsOf(child.items as Schema, `${own}[]`) : fieldsOf(child, own);
  }
}

/** Forms that occur in many fields, explained once at the end of the page. */
const FORMS: Record<string, z.ZodType> = {
  duration: forms.duration(),
  CPU: forms.cpu(),
  size: forms.bytes(),
  image: forms.image(),
  name: forms.objectName(),
  'time of day': forms.timeOfDay(),
  schedule: forms.cron(''),
  labels: forms.labelMap(''),
};

function ownRules(schema: Schema): forms.CelRule[] {
  return (schema['x-kubernetes-validations'] ?? []) as forms.CelRule[];
}

function sentenceOf(form: z.ZodType): string | undefined {
  return ownRules(form.meta() ?? {})[0]?.message;
}

function formOf(schema: Schema): string | undefined {
  const sentence = ownRules(schema)[0]?.message;
  if (sentence === undefined) return undefined;
  return Object.keys(FORMS).find((name) => sentenceOf(FORMS[name] as z.ZodType) === sentence);
}

/** The forms with their sentences, as rows of a table. */
export function formRows(): string[][] {
  return Object.entries(FORMS).map(([name, form]) => [name, sentenceOf(form) ?? '']);
}

/** The rules of a field and of its entries; that of a form is told once, where the forms are. */
export function rulesOf(schema: Schema): { message: string; onChange: boolean }[] {
  const inner = [schema.items, schema.additionalProperties].flatMap((child) =>
    child ? rulesOf(child as Schema) : [],
  );
  const own = ownRules(schema).slice(formOf(schema) === undefined ? 0 : 1);
  return [...own.map(({ rule, message }) => ({ message, onChange: rule.includes('oldSelf') })), ...inner];
}

/** The type of a field with its bounds, in words. */
export function typeOf(schema: Schema): string {
  const form = formOf(schema);
  if (form !== undefined) return `[${form}](#forms)`;
  const { type, items, additionalProperties } = schema;
  if (schema.enum) return (schema.enum as string[]).map((value) => `\`${value}\``).join(', ');
  if (type === 'boolean') return '`true`, `false`';
  if (type === 'integer') return `number${between(schema.minimum, schema.maximum)}`;
  if (type === 'string') {
    if (schema.format === 'date-time') return 'time';
    return `text${between(undefined, schema.maxLength, ' characters')}`;
  }
  if (items) {
    const list = `list${between(schema.minItems, schema.maxItems, ' entries')}`;
    return (items as Schema).properties ? list : `${list}: ${typeOf(items as Schema)}`;
  }
  if (additionalProperties) return `map${between(undefined, schema.maxProperties, ' entries')}`;
  return 'object';
}

function between(least: unknown, most: unknown, unit = ''): string {
  if (least === undefined && most === undefined) return '';
  if (most === undefined) return `, at least ${least}${unit}`;
  return least === undefined ? `, at most ${most}${unit}` : `, ${least} to ${most}${unit}`;
}
