import * as assert from 'uvu/assert';
import { KubeSchemas } from '../../check/kube-schemas.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('schemas for kubeconform');

const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const openapi = {
  definitions: {
    [METADATA]: { type: 'object', properties: { name: { type: 'string' } } },
    Tree: {
      type: 'object',
      properties: {
        metadata: { $ref: `#/definitions/${METADATA}` },
        port: { type: 'string', format: 'int-or-string' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        children: { type: 'array', items: { $ref: '#/definitions/Tree' } },
      },
      'x-kubernetes-group-version-kind': [{ group: 'forest.example.io', version: 'v1', kind: 'Tree' }],
    },
  },
};

test('a kind is found under its first group label and its version', () => {
  assert.equal([...new KubeSchemas(openapi).files.keys()], ['tree-forest-v1.json']);
});

test('a kind that contains itself has every definition once', () => {
  const definitions = new KubeSchemas(openapi).files.get('tree-forest-v1.json')?.definitions as object;
  assert.equal(Object.keys(definitions).sort(), ['Tree', METADATA].sort());
});

test('named fields allow no others, maps stay open, and ports may be numbers', () => {
  const tree = new KubeSchemas(openapi).files.get('tree-forest-v1.json') as {
    definitions: {
      Tree: { additionalProperties: boolean; properties: Record<string, Record<string, unknown>> };
    };
  };
  const { Tree } = tree.definitions;
  assert.is(Tree.additionalProperties, false);
  assert.equal(Tree.properties.labels?.additionalProperties, { type: 'string' });
  assert.equal(Tree.properties.port, { type: ['string', 'integer'] });
});

test('the metadata of a custom resource is checked like that of any object', () => {
  const schemas = new KubeSchemas(openapi);
  const openAPIV3Schema = {
    type: 'object',
    properties: { metadata: { type: 'object' }, spec: { type: 'object' } },
  };
  schemas.addCustomResource({
    spec: { group: 'x.io', names: { kind: 'Leaf' }, versions: [{ name: 'v1', schema: { openAPIV3Schema } }] },
  });
  const { properties } = schemas.files.get('leaf-x-v1.json') as { properties: { metadata: object } };
  assert.equal(properties.metadata, { $ref: `#/definitions/${METADATA}` });
});

test.run();
