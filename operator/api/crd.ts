import { z } from 'zod';
import { backupSchema } from './backup.ts';
import { environmentSchema } from './environment.ts';
import { restoreSchema } from './restore.ts';
import type { CelRule } from './spec/forms.ts';
import {
  API_VERSION,
  BACKUP_KIND,
  BACKUP_PLURAL,
  GROUP,
  KIND,
  PLURAL,
  RESTORE_KIND,
  RESTORE_PLURAL,
  VERSION,
} from './well-known.ts';

/** A part of an OpenAPI v3 schema; what it may hold differs too much from place to place to be named. */
export type Schema = { [key: string]: unknown };

/** One kind of resource: its names, what `kubectl get` prints of it, and its one schema. */
interface Definition {
  kind: string;
  plural: string;
  shortName: string;
  description: string;
  schema: z.ZodType;
  columns: { name: string; type: string; jsonPath: string; description?: string }[];
  /** Where the autoscaler reads and writes the number of pods. */
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
}

const AGE = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function conditionColumn(name: string) {
  return { name, type: 'string', jsonPath: `.status.conditions[?(@.type=="${name}")].status` };
}

const DEFINITIONS: Definition[] = [
  {
    kind: KIND,
    plural: PLURAL,
    shortName: 'cse',
    description:
      'A whole CryptoSense environment: the API and its releases, PostgreSQL, PgBouncer, Redis, predictor and routing.',
    schema: environmentSchema,
    columns: [
      { name: 'Tier', type: 'string', jsonPath: '.spec.tier' },
      conditionColumn('Ready'),
      {
        name: 'Image',
        type: 'string',
        jsonPath: '.status.stable.image',
        description: 'The release that serves.',
      },
      {
        name: 'Replicas',
        type: 'integer',
        jsonPath: '.status.replicas',
        description: 'Pods of that release.',
      },
      {
        name: 'Doing',
        type: 'string',
        jsonPath: '.status.summary',
        description: 'What the operator is doing.',
      },
      AGE,
    ],
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
  {
    kind: BACKUP_KIND,
    plural: BACKUP_PLURAL,
    shortName: 'csb',
    description:
      'One backup of the database of an environment, taken by schedule or because somebody asked for it.',
    schema: backupSchema,
    columns: [
      { name: 'Environment', type: 'string', jsonPath: '.spec.environment' },
      { name: 'Type', type: 'string', jsonPath: '.spec.type' },
      conditionColumn('Completed'),
      conditionColumn('Verified'),
      AGE,
    ],
  },
  {
    kind: RESTORE_KIND,
    plural: RESTORE_PLURAL,
    shortName: 'csrestore',
    description: 'One restore: a drill into a scratch database, or in place.',
    schema: restoreSchema,
    columns: [
      { name: 'Environment', type: 'string', jsonPath: '.spec.environment' },
      { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
      conditionColumn('Completed'),
      {
        name: 'How',
        type: 'string',
        jsonPath: '.status.conditions[?(@.type=="Completed")].reason',
        description: 'What it is doing, or how it ended.',
      },
      {
        name: 'RTO',
        type: 'integer',
        jsonPath: '.status.rtoSeconds',
        description: 'Seconds until it answered.',
      },
      AGE,
    ],
  },
];

/**
 * The CustomResourceDefinitions made from the schemas: structural, as apiextensions.k8s.io/v1 wants them.
 * Nothing preserves unknown fields, so that the API server's strict field validation names every misspelt one.
 */
export function customResourceDefinitions() {
  return DEFINITIONS.map(({ kind, plural, shortName, description, schema, columns, scale }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['cryptosense'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(kind, description, schema) },
          subresources: { status: {}, ...(scale ? { scale } : {}) },
          additionalPrinterColumns: columns,
        },
      ],
    },
  }));
}

/**
 * The status of what the operator has not looked at yet. kstatus, by which Flux waits, takes a resource without any status
 * for done.
 */
const UNSEEN = { observedGeneration: -1 };

/** At the root, metadata cannot be described (the API server does): rules about the name are CEL rules there. */
function rootSchema(kind: string, description: string, schema: z.ZodType): Schema {
  const written = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline' });
  const { properties, ...root } = structural(written as Schema);
  const { spec, status } = properties as Record<string, Schema>;
  return {
    description,
    ...root,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `Version of this kind of resource: ${API_VERSION}.` },
      kind: { type: 'string', description: `${kind}.` },
      metadata: { type: 'object' },
      spec,
      status: { ...status, default: UNSEEN },
    },
  };
}

/** zod's OpenAPI 3.0 as a structural schema. Throws on what Kubernetes could not express. */
export function structural(schema: Schema): Schema {
  const { anyOf, ...rest } = schema;
  if (anyOf) return structural({ ...intOrString(anyOf as Schema[]), ...rest });
  const result: Schema = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'properties') {
      const entries = Object.entries(value as Record<string, Schema>);
      result[key] = Object.fromEntries(entries.map(([name, child]) => [name, structural(child)]));
    } else if (key === 'items') {
      result[key] = structural(value as Schema);
    } else if (key === 'additionalProperties') {
      // false is how zod says "no other fields"; in a structural schema that goes without saying.
      if (value !== false) result[key] = structural(value as Schema);
    } else if (['oneOf', 'allOf', 'not', 'propertyNames', 'nullable', '$ref'].includes(key)) {
      throw new Error(
        `the schema has "${key}", which operator/api/crd.ts cannot turn into a structural schema yet`,
      );
    } else if (!isNumberLimit(key, value) && !(key === 'pattern' && isRule(schema))) {
      result[key] = value;
    }
  }
  return result.type === 'integer' ? { ...result, format: 'int64' } : result;
}

/** A pattern that is also a rule would be reported twice, once as nothing but a regular expression. */
function isRule(schema: Schema): boolean {
  const rules = (schema['x-kubernetes-validations'] ?? []) as CelRule[];
  return rules.some(({ rule }) => rule.includes(`.matches(r'${schema.pattern}')`));
}

/** z.int() brings JavaScript's own limits along, which say nothing about the field. */
function isNumberLimit(key: string, value: unknown): boolean {
  return (
    (key === 'minimum' && value === Number.MIN_SAFE_INTEGER) ||
    (key === 'maximum' && value === Number.MAX_SAFE_INTEGER)
  );
}

function intOrString(branches: Schema[]): Schema {
  const text = branches.find(({ type }) => type === 'string');
  const whole = branches.find(({ type }) => type === 'integer');
  if (branches.length !== 2 || !text || !whole)
    throw new Error('the only union that a CRD of this project can have is that of an integer and a string');
  const { type: _text, ...limits } = text;
  return {
    ...limits,
    ...(whole.minimum === undefined ? {} : { minimum: whole.minimum }),
    'x-kubernetes-int-or-string': true,
  };
}
