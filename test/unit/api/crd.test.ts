import * as assert from 'uvu/assert';
import { customResourceDefinitions, type Schema, structural } from '../../../operator/api/crd.ts';
import { drift } from '../../../operator/api/generate.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('the CRDs');

const roots = customResourceDefinitions().map(
  ({ spec }) => [spec.names.kind, spec.versions[0]?.schema.openAPIV3Schema as Schema] as const,
);

/** Every schema in it with its path; the API server describes metadata. */
function* schemas(schema: Schema, path = ''): Generator<[string, Schema]> {
  yield [path, schema];
  for (const [name, child] of Object.entries((schema.properties ?? {}) as Record<string, Schema>))
    if (name !== 'metadata' || path.includes('.')) yield* schemas(child, `${path}.${name}`);
  if (schema.items) yield* schemas(schema.items as Schema, `${path}[]`);
  if (schema.additionalProperties) yield* schemas(schema.additionalProperties as Schema, `${path}{}`);
}

const fields = roots
  .flatMap(([kind, schema]) => [...schemas(schema, kind)])
  .filter(([path]) => !/^\w+[.](apiVersion|kind)$/.test(path));

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
    if (/^\w+[.]spec/.test(path)) assert.is(schema.pattern, undefined, path);
    for (const { rule, message } of (schema['x-kubernetes-validations'] ?? []) as Record<string, string>[]) {
      assert.ok((message ?? '').length > 20, rule);
      assert.not.match(message ?? '', /[\^$]/);
    }
  }
});

test('has a scale subresource whose fields are there', () => {
  const paths = new Set(fields.map(([path]) => path));
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } =
    customResourceDefinitions()[0]?.spec.versions[0]?.subresources.scale ?? {};
  for (const path of [specReplicasPath, statusReplicasPath, labelSelectorPath])
    assert.ok(paths.has(`CryptoSenseEnvironment${path}`), path);
});

test('a schema that Kubernetes could not express is refused when the CRD is made', () => {
  assert.throws(() => structural({ oneOf: [] }), /"oneOf".*structural schema/);
  assert.throws(() => structural({ anyOf: [{ type: 'string' }, { type: 'boolean' }] }), /only union/);
});

test.run();
