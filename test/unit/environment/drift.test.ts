import * as assert from 'uvu/assert';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { reasonToApply, stamped } from '../../../operator/environment/drift.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('drift');
const never = () => false;

function manifest(spec: object, labels: Record<string, string> = { a: '1', b: '2' }): Manifest {
  return stamped({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop-api', labels }, spec });
}

/** `wanted` as the server has it, with what it adds by itself and with `changed` in its spec. */
function live(wanted: Manifest, changed: object = {}): Live {
  const { labels = {}, annotations = {} } = wanted.metadata;
  const metadata = {
    name: wanted.metadata.name,
    uid: 'u',
    resourceVersion: '7',
    labels: { ...labels, by: 'somebody' },
    annotations,
  };
  const spec = { clusterIP: '10.0.0.1', ...(wanted.spec as object), ...changed };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

test('what the server or another manager has added is no drift', () => {
  const wanted = manifest({ ports: [{ port: 80 }] });
  assert.is(reasonToApply(wanted, live(wanted), never), undefined);
  assert.is(
    reasonToApply(wanted, live(wanted, { ports: [{ port: 80, protocol: 'TCP' }] }), never),
    undefined,
  );
});

test('what is absent or on its way out is missing', () => {
  const wanted = manifest({});
  const going = live(wanted);
  going.metadata.deletionTimestamp = '2026-01-05T10:00:00Z';
  assert.is(reasonToApply(wanted, undefined, never), 'it is missing');
  assert.is(reasonToApply(wanted, going, never), 'it is missing');
});

test('a changed value is named with its path', () => {
  const wanted = manifest({ ports: [{ port: 80 }, { port: 81 }] });
  const changed = live(wanted, { ports: [{ port: 80 }, { port: 8081 }] });
  assert.is(reasonToApply(wanted, changed, never), 'somebody changed spec.ports[1].port');
});

test('an element more or less in a list is drift, for a list is written as a whole', () => {
  const wanted = manifest({ ports: [{ port: 80 }] });
  assert.is(reasonToApply(wanted, live(wanted, { ports: [] }), never), 'somebody changed spec.ports');
  const more = { ports: [{ port: 80 }, { port: 81 }] };
  assert.is(reasonToApply(wanted, live(wanted, more), never), 'somebody changed spec.ports');
});

test('an empty object and an absent one mean the same', () => {
  const wanted = manifest({ emptyDir: {}, nested: { podSelector: {} } });
  assert.is(reasonToApply(wanted, live(wanted, { emptyDir: undefined, nested: {} }), never), undefined);
});

test('an object is not an empty list or a text', () => {
  const wanted = manifest({ selector: { app: 'api' } });
  assert.is(
    reasonToApply(wanted, live(wanted, { selector: 'api' }), never),
    'somebody changed spec.selector',
  );
  assert.is(reasonToApply(wanted, live(wanted, { selector: null }), never), 'somebody changed spec.selector');
});

test('another form of a value is no drift while the object is as our last write left it, and drift after that', () => {
  const wanted = manifest({ cpu: '1000m' });
  const kept = live(wanted, { cpu: '1' });
  assert.is(
    reasonToApply(wanted, kept, () => true),
    undefined,
  );
  assert.is(reasonToApply(wanted, kept, never), 'somebody changed spec.cpu');
});

test('a changed wish is written even when the live object was settled', () => {
  const before = live(manifest({ port: 80 }));
  assert.is(
    reasonToApply(manifest({ port: 81 }), before, () => true),
    'its definition changed',
  );
});

test('a changed wish is written over what agreed with the one before, as the caches give it: frozen', () => {
  const first = manifest({ port: 80 });
  const before = Object.freeze(live(first));
  assert.is(reasonToApply(first, before, never), undefined);
  assert.is(reasonToApply(manifest({ port: 81 }), before, never), 'its definition changed');
});

test('a field that is left out of the wish is a changed wish', () => {
  const before = live(manifest({ port: 80, extra: true }));
  assert.is(reasonToApply(manifest({ port: 80 }), before, never), 'its definition changed');
});

test('the hash does not depend on the order of keys, and does on every value', () => {
  const hash = ({ metadata }: Manifest) => metadata.annotations?.['cryptosense.io/applied'];
  assert.is(
    hash(manifest({ x: 1, y: 2 }, { a: '1', b: '2' })),
    hash(manifest({ y: 2, x: 1 }, { b: '2', a: '1' })),
  );
  assert.is.not(hash(manifest({ x: 1 })), hash(manifest({ x: 2 })));
  assert.is.not(hash(manifest({ x: [1, 2] })), hash(manifest({ x: [2, 1] })));
});

test.run();
