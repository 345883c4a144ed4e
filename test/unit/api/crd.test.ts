import * as assert from 'uvu/assert';
import { customResourceDefinition, type Schema, structural } from '../../../operator/api/crd.ts';
import { drift } from '../../../operator/api/generate-crds.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('the CRD');

const [version] = customResourceDefinition().spec.versions;
const root = version?.schema.openAPIV3Schema as Schema;

/** Every schema in it with its path; the API server describes metadata. */
function* schemas(schema: Schema, path = ''): Generator<[string, Schema]> {
  yield [path, schema];
  for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Schema>))
    if (`${path}.${name}` !== '.metadata') yield* schemas(child, `${path}.${name}`);
  if (schema.items) yield* schemas(schema.items as Schema, `${path}[]`);
  if (schema.additionalProperties) yield* schemas(schema.additionalProperties as Schema, `${path}{}`);
}

const fields = [...schemas(root)].filter(([path]) => path !== '.apiVersion' && path !== '.kind');

test('is committed as the schema makes it', () => {
  assert.is(drift(), undefined);
});

test('bounds every string, list and map, so that the cost of its rules is bounded', () => {
  for (const [path, schema] of fields) {
    const { type } = schema;
    if (type === 'string') {
      const bounded = schema.maxLength ?? schema.enum ?? (schema.format === 'date-time' || undefined);
      assert.ok(bounded, `${path} has no maxLength`);
    }
    if (type === 'array') assert.ok(schema.maxItems, `${path} has no maxItems`);
    if (schema.additionalProperties) assert.ok(schema.maxProperties, `${path} has no maxProperties`);
  }
});

test('knows the type of every field and preserves no unknown ones', () => {
  for (const [path, schema] of fields) {
    assert.ok(schema.type ?? schema['x-kubernetes-int-or-string'], `${path} has no type`);
    assert.is(schema['x-kubernetes-preserve-unknown-fields'], undefined, path);
    assert.not(schema.additionalProperties === false, path);
    assert.not(schema.properties && schema.additionalProperties, path);
  }
});

test('describes every field, so that kubectl explain reads well', () => {
  const silent = fields.filter(
    ([path, schema]) => path !== '' && !path.endsWith('{}') && !schema.description,
  );
  assert.equal(
    silent.map(([path]) => path),
    [],
  );
});

test('explains every rule with a sentence and shows no regular expression to anybody', () => {
  for (const [path, schema] of fields) {
    if (path.startsWith('.spec')) assert.is(schema.pattern, undefined, path);
    for (const { rule, message } of (schema['x-kubernetes-validations'] ?? []) as Record<string, string>[]) {
      assert.ok((message ?? '').length > 20, rule);
      assert.not.match(message ?? '', /[\^$]/);
    }
  }
});

test('has a scale subresource whose fields are there', () => {
  const paths = new Set(fields.map(([path]) => path));
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = version?.subresources.scale ?? {};
  for (const path of [specReplicasPath, statusReplicasPath, labelSelectorPath])
    assert.ok(paths.has(path ?? ''), path);
});

test('a schema that Kubernetes could not express is refused when the CRD is made', () => {
  assert.throws(() => structural({ oneOf: [] }), /"oneOf".*structural schema/);
  assert.throws(() => structural({ anyOf: [{ type: 'string' }, { type: 'boolean' }] }), /only union/);
});

test.run();
