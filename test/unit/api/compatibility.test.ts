import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, ok } from 'uvu/assert';
import { parse } from 'yaml';
import { customResourceDefinitions, type Schema } from '../../../operator/api/crd.ts';
import { suite } from '../../harness/suite.ts';
import { changesOf, type Definition } from './compatibility.ts';

const test = suite('The types and those of the previous release');

/**
 * Rules that refuse what the previous release took, or that are about fields which it did not have. An object that breaks
 * one stays as it is and can be changed elsewhere: the API server looks at a rule again only when its value changes.
 */
const ACCEPTED: Record<string, string> = {
  'CPU is written in cores or thousandths of one, above zero: 2, 0.5 or 500m':
    'cpu: 1Gi was taken and asked for a thousand million cores, so that no pod was ever scheduled',
  'memory and storage are written with a unit, above zero: 512Mi or 20Gi':
    'memory: 512m was taken and meant half a byte, storage: 20 meant twenty bytes: no pod and no volume could come of it',
  'the name of an object has lower-case letters, digits, hyphens and dots':
    'a StorageClass cannot have another name: the claim would have been refused later, without a word in the status',
  'autoscaling.quietHours.minReplicas cannot be above autoscaling.minReplicas: quiet hours only lower the floor':
    'quietHours is new',
  'in tier production quiet hours never go below 2 pods: set autoscaling.quietHours.minReplicas to 2 or more':
    'quietHours is new',
  'a volume cannot change its class: leave cache.storageClassName as it was, or make a new environment':
    'cache.storageClassName is new',
  'routing.gateway has either the name and namespace of a Gateway that is there, or the className of one to be made':
    'className is new',
  'routing.gateway, routing.hostnames and routing.tls are for a gateway, and with "mode: service" there is none: leave them out':
    'mode is new',
  'routing.tls is for a Gateway of its own (routing.gateway.className): a shared Gateway has its certificates itself':
    'tls is new',
  'a canary step has exactly one of weight, pause, replicas, headers, mirror and analysis: write them as steps of their own':
    'the same rule, which speaks of the new kinds of steps as well',
  'a pause is written as 30s, 15m or 1h30m, or as untilPromoted':
    'the same rule, which takes the new word as well',
  'spec.recovery is for the birth of an environment: it cannot be added or taken away later':
    'recovery is new',
};

const now = customResourceDefinitions() as unknown as Definition[];
const folder = join(import.meta.dirname, 'previous-release');
const before = globSync('cryptosense.io_*.yaml', { cwd: folder }).map(
  (file) => parse(readFileSync(join(folder, file), 'utf8')) as Definition,
);
const of = (definition: Definition) =>
  now.find(({ spec }) => spec.names.plural === definition.spec.names.plural);

test('no field, value, column or path of the previous release is gone, and none is narrower', () => {
  ok(before.length > 0, 'the files of the previous release were not found');
  for (const definition of before) {
    const newer = of(definition);
    ok(newer, `${definition.spec.names.plural} are gone`);
    equal(changesOf(definition, newer as Definition).breaking, []);
  }
});

test('every rule that the previous release did not have is accepted for a reason, and no reason is out of date', () => {
  const rules = before.flatMap((definition) => [
    ...changesOf(definition, of(definition) as Definition).newRules.keys(),
  ]);
  equal([...new Set(rules)].sort(), Object.keys(ACCEPTED).sort());
});

const ORIGINAL = before[0] as Definition;
const spec = ({ spec: { versions } }: Definition) =>
  (versions[0] as Definition['spec']['versions'][0]).schema.openAPIV3Schema.properties as Record<
    string,
    Schema
  >;
const field = (definition: Definition, ...path: string[]) =>
  path.reduce<Schema>((at, name) => (at.properties as Record<string, Schema>)[name] as Schema, {
    properties: spec(definition),
  });
const version = (definition: Definition) => definition.spec.versions[0] as Definition['spec']['versions'][0];

const BREAKS: Record<string, [(definition: Definition) => void, string]> = {
  'a field that is removed': [
    (crd) => delete (field(crd, 'spec', 'routing').properties as Record<string, unknown>).hostnames,
    '.spec.routing.hostnames is gone',
  ],
  'a field of another type': [
    (crd) => Object.assign(field(crd, 'spec', 'replicas'), { type: 'string' }),
    '.spec.replicas has type "string" now, before "integer"',
  ],
  'a value that is not taken any more': [
    (crd) => Object.assign(field(crd, 'spec', 'tier'), { enum: ['local', 'staging', 'production'] }),
    '.spec.tier does not take development any more',
  ],
  'an enum where there was none': [
    (crd) => Object.assign(field(crd, 'spec', 'release', 'image'), { enum: ['one'] }),
    '.spec.release.image has an enum now',
  ],
  'a lower maximum': [
    (crd) => Object.assign(field(crd, 'spec', 'replicas'), { maximum: 3 }),
    '.spec.replicas has maximum 3 now, before 100',
  ],
  'a limit where there was none': [
    (crd) => Object.assign(field(crd, 'spec', 'routing', 'hostnames'), { minItems: 2 }),
    '.spec.routing.hostnames has minItems 2 now, before none',
  ],
  'a field that is required now': [
    (crd) => Object.assign(field(crd, 'spec'), { required: ['tier', 'release', 'replicas'] }),
    '.spec requires replicas now',
  ],
  'another pattern': [
    (crd) => Object.assign(field(crd, 'spec', 'release', 'image'), { pattern: '^x' }),
    '.spec.release.image has another pattern now',
  ],
  'items of a list that are narrower': [
    (crd) => Object.assign(field(crd, 'spec', 'routing', 'hostnames').items as Schema, { maxLength: 5 }),
    '.spec.routing.hostnames[] has maxLength 5 now, before 253',
  ],
  'values of a map that are narrower': [
    (crd) =>
      Object.assign(field(crd, 'spec', 'release', 'config').additionalProperties as Schema, { minLength: 9 }),
    '.spec.release.config{} has minLength 9 now, before none',
  ],
  'another path of the autoscaler': [
    (crd) => Object.assign(version(crd).subresources?.scale as object, { specReplicasPath: '.spec.pods' }),
    'subresource scale: specReplicasPath is not .spec.replicas any more',
  ],
  'a column that is gone': [
    (crd) => {
      version(crd).additionalPrinterColumns = version(crd).additionalPrinterColumns?.slice(1) ?? [];
    },
    'column Tier is gone or another one',
  ],
  'a version that is not served': [
    (crd) => Object.assign(version(crd), { served: false }),
    'version v1alpha1 is not served any more',
  ],
  'a short name that is gone': [
    (crd) => Object.assign(crd.spec.names, { shortNames: [] }),
    'names.shortNames has no cse any more',
  ],
};

for (const [name, [change, sentence]] of Object.entries(BREAKS)) {
  test(`${name} is found`, () => {
    const changed = structuredClone(ORIGINAL);
    change(changed);
    equal(changesOf(ORIGINAL, changed).breaking, [sentence]);
  });
}

test('a new field, a wider limit and a new default are no break, and a new rule is told with its field', () => {
  const changed = structuredClone(ORIGINAL);
  Object.assign(field(changed, 'spec').properties as object, { brandNew: { type: 'string' } });
  Object.assign(field(changed, 'spec', 'replicas'), { maximum: 1000 });
  Object.assign(field(changed, 'status'), { default: { observedGeneration: -1 } });
  Object.assign(field(changed, 'spec', 'replicas'), {
    'x-kubernetes-validations': [{ rule: 'self > 0', message: 'never' }],
  });
  const changes = changesOf(ORIGINAL, changed);
  equal(changes.breaking, []);
  equal([...changes.newRules], [['never', ['.spec.replicas']]]);
});

test.run();
