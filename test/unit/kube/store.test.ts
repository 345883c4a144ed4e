import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { isOlder, type KubeObject } from '../../../operator/kube/resources.ts';
import { Store } from '../../../operator/kube/store.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('store');

function thing(name: string, version: number, uid = `uid-${name}`, extra: object = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: { name, namespace: 'ns', uid, resourceVersion: String(version) },
    ...extra,
  };
}

function make() {
  const store = new Store<KubeObject>({ color: (object) => [String(object.color)] });
  const heard: string[] = [];
  const onChange = (event: string, object: KubeObject) =>
    heard.push(`${event} ${object.metadata.name}@${object.metadata.resourceVersion}`);
  return { store, heard, onChange };
}

const versionOf = (store: Store, name: string) => store.get('ns', name)?.metadata.resourceVersion;

test('versions are compared as numbers of any length', () => {
  assert.ok(isOlder('9', '10'));
  assert.not(isOlder('10', '9'));
  assert.not(isOlder('10', '10'));
  assert.ok(isOlder('18446744073709551614', '18446744073709551615'));
  assert.not(isOlder('', '5'));
  assert.not(isOlder('abc', '5'));
});

test('an older event never replaces a newer object', () => {
  const { store, heard, onChange } = make();
  store.observeEvent('ADDED', thing('a', 10), onChange);
  assert.not(store.observeEvent('MODIFIED', thing('a', 9), onChange));
  assert.is(versionOf(store, 'a'), '10');
  assert.equal(heard, ['added a@10']);
});

test('a lagging event does not bring back what was before our own write', () => {
  const { store, heard, onChange } = make();
  store.observeEvent('ADDED', thing('a', 10), onChange);
  store.observeWrite(thing('a', 20));
  store.observeEvent('MODIFIED', thing('a', 15), onChange);
  assert.is(versionOf(store, 'a'), '20');
  store.observeEvent('MODIFIED', thing('a', 20), onChange);
  store.observeEvent('MODIFIED', thing('a', 20), onChange);
  assert.equal(heard, ['added a@10', 'modified a@20'], 'our write is announced once');
});

test('a removed object stays removed while the watch lags, and its deletion is announced once', () => {
  const { store, heard, onChange } = make();
  store.observeEvent('ADDED', thing('a', 10), onChange);
  store.observeRemoval(thing('a', 10));
  assert.is(store.get('ns', 'a'), undefined);
  store.observeEvent('MODIFIED', thing('a', 11), onChange);
  assert.is(store.get('ns', 'a'), undefined);
  store.observeEvent('DELETED', thing('a', 12), onChange);
  assert.equal(heard, ['added a@10', 'deleted a@12']);
});

test('an object made anew under the same name survives the late deletion of its predecessor', () => {
  const { store, heard, onChange } = make();
  store.observeEvent('ADDED', thing('a', 10, 'first'), onChange);
  store.observeRemoval(thing('a', 10, 'first'));
  store.observeWrite(thing('a', 20, 'second'));
  store.observeEvent('DELETED', thing('a', 15, 'first'), onChange);
  assert.is(store.get('ns', 'a')?.metadata.uid, 'second');
  store.observeEvent('ADDED', thing('a', 20, 'second'), onChange);
  assert.equal(heard, ['added a@10', 'deleted a@15', 'added a@20']);
});

test('the answer to a write that comes after the deletion of the object does not bring it back', () => {
  const { store, onChange } = make();
  store.observeEvent('ADDED', thing('a', 10), onChange);
  store.observeEvent('DELETED', thing('a', 12), onChange);
  store.observeWrite(thing('a', 11));
  assert.is(store.size, 0);
});

test('a list removes what it lacks, but not what was written after it was taken', () => {
  const { store, heard, onChange } = make();
  store.replace([thing('a', 1), thing('b', 2)], '5', onChange);
  store.observeWrite(thing('c', 9));
  store.replace([thing('b', 2)], '8', onChange);
  assert.equal(
    store.list().map((object) => object.metadata.name),
    ['b', 'c'],
  );
  assert.equal(heard, ['added a@1', 'added b@2', 'deleted a@1']);
});

test('the deletion that a relist jumped over is announced', () => {
  const { store, heard, onChange } = make();
  store.replace([thing('a', 1)], '5', onChange);
  store.observeRemoval(thing('a', 1));
  store.replace([thing('a', 1)], '5', onChange);
  assert.is(store.size, 0, 'a list from before the removal does not bring it back');
  store.replace([], '8', onChange);
  assert.equal(heard, ['added a@1', 'deleted a@1']);
});

test('a removal that is told twice, as by two workers of which one got 404, is still announced', () => {
  const { store, heard, onChange } = make();
  store.observeEvent('ADDED', thing('a', 10), onChange);
  store.observeRemoval(thing('a', 10));
  store.observeRemoval(thing('a', 10));
  store.observeEvent('DELETED', thing('a', 12), onChange);
  assert.equal(heard, ['added a@10', 'deleted a@12']);
});

test('a list from before our own creation and removal does not make the watch bring the object back', () => {
  const { store, onChange } = make();
  store.replace([], '5', onChange);
  store.observeWrite(thing('a', 11));
  store.observeRemoval(thing('a', 11));
  store.replace([], '10', onChange);
  store.observeEvent('ADDED', thing('a', 11), onChange);
  assert.is(store.size, 0);
});

test('a list that shows an object made anew announces the deletion of its predecessor first', () => {
  const { store, heard, onChange } = make();
  store.observeEvent('ADDED', thing('a', 10, 'first'), onChange);
  store.observeRemoval(thing('a', 10, 'first'));
  store.replace([thing('a', 20, 'second')], '20', onChange);
  assert.equal(heard, ['added a@10', 'deleted a@10', 'added a@20']);
});

test('an object that only our own write showed is announced as deleted when a list lacks it', () => {
  const { store, heard, onChange } = make();
  store.replace([], '5', onChange);
  store.observeWrite(thing('a', 9));
  store.replace([], '12', onChange);
  assert.equal(heard, ['deleted a@9']);
});

test('an object that only our own write showed is announced as deleted after our own removal', () => {
  const { store, heard, onChange } = make();
  store.replace([], '5', onChange);
  store.observeWrite(thing('a', 9));
  store.observeRemoval(thing('a', 9));
  store.observeEvent('ADDED', thing('a', 9), onChange);
  store.observeEvent('DELETED', thing('a', 12), onChange);
  assert.equal(heard, ['deleted a@12']);
});

test('after a restore of the server an older list replaces everything', () => {
  const { store, onChange } = make();
  store.replace([thing('a', 100), thing('b', 90)], '100', onChange);
  store.replace([thing('a', 50)], '60', onChange, true);
  assert.is(versionOf(store, 'a'), '50');
  assert.is(store.size, 1);
});

test('indexes follow every change', () => {
  const { store, onChange } = make();
  store.observeEvent('ADDED', thing('a', 1, 'u', { color: 'red' }), onChange);
  store.observeEvent('MODIFIED', thing('a', 2, 'u', { color: 'blue' }), onChange);
  assert.is(store.byIndex('color', 'red').length, 0);
  assert.is(store.byIndex('color', 'blue').length, 1);
  store.observeEvent('DELETED', thing('a', 3, 'u', { color: 'blue' }), onChange);
  assert.is(store.byIndex('color', 'blue').length, 0);
  assert.throws(() => store.byIndex('size', '1'), /no index size/);
});

test('objects are frozen to the bottom and carry no managedFields', () => {
  const { store, onChange } = make();
  const received = thing('a', 1, 'u', { spec: { list: [{ x: 1 }] } });
  Object.assign(received.metadata, { managedFields: [{ manager: 'x' }] });
  store.observeEvent('ADDED', received, onChange);
  const stored = store.get('ns', 'a') as KubeObject & { spec: { list: { x: number }[] } };
  assert.not('managedFields' in stored.metadata);
  assert.throws(() => stored.spec.list.push({ x: 2 }), TypeError);
  assert.throws(() => Object.assign(stored.spec.list[0] ?? {}, { x: 2 }), TypeError);
});

/** One object's life on the server, its events in order, and our own writes at the moments they happened. */
const life = fc.array(
  fc.record({ type: fc.constantFrom('write', 'foreign', 'remove'), lag: fc.nat(4), relist: fc.boolean() }),
  { maxLength: 30 },
);

test('whatever the lag, the store never goes back behind our own writes and ends equal to the server', () => {
  fc.assert(
    fc.property(life, (history) => {
      const { store, onChange } = make();
      let version = 1;
      let generation = 0;
      let server: KubeObject | undefined;
      const pending: { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }[] = [];
      let ours = '0';
      const deliver = () => {
        const event = pending.shift();
        if (event) store.observeEvent(event.type, event.object, onChange);
      };
      for (const { type, lag, relist } of history) {
        version += 1;
        if (type === 'remove') {
          if (server === undefined) continue;
          pending.push({ type: 'DELETED', object: thing('a', version, server.metadata.uid) });
          store.observeRemoval(server);
          server = undefined;
          ours = String(version);
        } else {
          const isNew = server === undefined;
          if (isNew) generation += 1;
          server = thing('a', version, `uid-${generation}`);
          pending.push({ type: isNew ? 'ADDED' : 'MODIFIED', object: server });
          if (type === 'write') {
            store.observeWrite(server);
            ours = String(version);
          }
        }
        const seen = versionOf(store, 'a');
        if (seen !== undefined) assert.not(isOlder(seen, ours), `${seen} is older than our own ${ours}`);
        if (relist) {
          pending.length = 0;
          store.replace(server === undefined ? [] : [server], String(version), onChange);
        } else if (pending.length > lag) deliver();
        const later = versionOf(store, 'a');
        if (later !== undefined) assert.not(isOlder(later, ours), `${later} is older than our own ${ours}`);
      }
      while (pending.length > 0) deliver();
      assert.is(versionOf(store, 'a'), server?.metadata.resourceVersion);
    }),
    { numRuns: 1_000 },
  );
});

test.run();
