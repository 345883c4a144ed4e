import type { ServerResponse } from 'node:http';
import * as assert from 'uvu/assert';
import { Backoff } from '../../../operator/kube/backoff.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { Reflector, type ReflectorOptions } from '../../../operator/kube/reflector.ts';
import type { KubeObject, Resource } from '../../../operator/kube/resources.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../../integration/processes.ts';
import { answer, ScriptedServer, status } from './scripted-server.ts';

const test = suite('reflector');
const THINGS: Resource = {
  group: 'example.io',
  version: 'v1',
  plural: 'things',
  namespaced: true,
  kind: 'Thing',
};

function item(name: string, version: number) {
  return { metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: String(version) } };
}

function list(version: number, items: object[], next?: string) {
  return { metadata: { resourceVersion: String(version), continue: next ?? '' }, items };
}

interface World {
  server: ScriptedServer;
  reflector: Reflector;
  heard: string[];
  /** Open watches, the newest last. */
  watches: ServerResponse[];
  say(type: string, object: object): void;
  lists: () => number;
  names: () => string[];
}

/** Starts a server that lists what `things` says and keeps watches open, and a reflector of it. */
async function world(
  things: () => object,
  body: (world: World) => Promise<void>,
  options: Partial<ReflectorOptions<KubeObject>> = {},
  onWatch: (response: ServerResponse, from: string, nth: number) => boolean = () => false,
  listsThroughWatch: () => boolean = () => false,
): Promise<void> {
  const server = await ScriptedServer.start();
  const watches: ServerResponse[] = [];
  const keepOpen = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    watches.push(response);
  };
  let nth = 0;
  server.handler = (request, response) => {
    if (request.query.get('watch') !== 'true') {
      const listed = things();
      answer(response, listed, 'code' in listed ? Number(listed.code) : 200);
      return;
    }
    if (request.query.get('sendInitialEvents') === 'true') {
      if (listsThroughWatch()) keepOpen(response);
      else answer(response, status(422, 'Invalid', 'sendInitialEvents is forbidden'), 422);
      return;
    }
    nth += 1;
    if (!onWatch(response, request.query.get('resourceVersion') ?? '', nth)) keepOpen(response);
  };
  const client = server.client();
  const heard: string[] = [];
  const reflector = new Reflector({
    client,
    resource: THINGS,
    onChange: (event, object) => heard.push(`${event} ${object.metadata.name}`),
    log: silentLog,
    backoff: new Backoff({ firstMs: 10, lastMs: 50 }),
    ...options,
  });
  const stop = new AbortController();
  const running = reflector.start(stop.signal);
  try {
    await body({
      server,
      reflector,
      heard,
      watches,
      say: (type, object) => watches.at(-1)?.write(`${JSON.stringify({ type, object })}\n`),
      lists: () => server.asked.filter((asked) => !asked.includes('watch=true')).length,
      names: () => reflector.store.list().map((object) => object.metadata.name),
    });
  } finally {
    stop.abort();
    await running;
    await client.close();
    await server.stop();
  }
}

const watching = (w: World, count = 1) => eventually('a watch is open', () => w.watches.length >= count);

const END = { metadata: { resourceVersion: '10', annotations: { 'k8s.io/initial-events-end': 'true' } } };

test('what comes through a watch counts when all of it is there, with what changed meanwhile', () =>
  world(
    () => status(500, 'InternalError', 'not to be asked'),
    async (w) => {
      await watching(w);
      for (const [type, object] of [
        ['ADDED', item('a', 1)],
        ['ADDED', item('b', 2)],
        ['DELETED', item('a', 9)],
        ['MODIFIED', item('b', 10)],
      ] as const)
        w.say(type, object);
      w.say('BOOKMARK', END);
      await w.reflector.synced;
      w.say('ADDED', item('c', 11));
      await eventually('what follows is seen', () => w.heard.includes('added c'));
      assert.equal(w.heard, ['added b', 'added c']);
      assert.is(w.reflector.store.get('ns', 'b')?.metadata.resourceVersion, '10');
      assert.equal(w.reflector.counts, { lists: 1, watches: 1 });
    },
    {},
    () => false,
    () => true,
  ));

test('a list through a watch that is cut before its end is no list: it is taken in pages', () => {
  let isFirst = true;
  return world(
    () => list(20, [item('b', 15)]),
    async (w) => {
      await eventually('the first watch is open', () => w.watches.length === 1);
      w.say('ADDED', item('a', 1));
      w.server.cut();
      await w.reflector.synced;
      await watching(w, 2);
      assert.equal(w.heard, ['added b']);
      assert.equal(w.names(), ['b']);
      assert.is(w.lists(), 1);
    },
    {},
    () => false,
    () => {
      const answer = isFirst;
      isFirst = false;
      return answer;
    },
  );
});

test('it lists in pages, fills in the type, and follows changes', async () => {
  const pages = [list(10, [item('a', 1)], 'next'), list(10, [item('b', 2)])];
  await world(
    () => pages.shift() ?? list(10, []),
    async (w) => {
      await w.reflector.synced;
      assert.equal(w.names(), ['a', 'b']);
      assert.is(w.reflector.store.get('ns', 'a')?.kind, 'Thing');
      assert.is(w.reflector.store.get('ns', 'a')?.apiVersion, 'example.io/v1');
      await watching(w);
      w.say('ADDED', item('c', 11));
      w.say('DELETED', item('a', 12));
      await eventually('the deletion is seen', () => w.heard.includes('deleted a'));
      assert.equal(w.heard, ['added a', 'added b', 'added c', 'deleted a']);
      assert.ok(w.server.asked[1]?.includes('limit=500'));
      assert.ok(w.server.asked[2]?.includes('continue=next'));
      assert.is(w.reflector.lastResourceVersion, '12');
    },
  );
});

test('a cut watch is resumed where it was, without a list', () =>
  world(
    () => list(10, [item('a', 1)]),
    async (w) => {
      await watching(w);
      w.say('MODIFIED', item('a', 11));
      await eventually('the change is seen', () => w.heard.includes('modified a'));
      w.server.cut();
      await watching(w, 2);
      assert.is(w.lists(), 1);
      assert.ok(w.server.asked.at(-1)?.includes('resourceVersion=11'));
    },
  ));

test('a line cut in the middle is not taken for an event and comes again', () =>
  world(
    () => list(10, []),
    async (w) => {
      await watching(w);
      w.watches[0]?.write('{"type":"ADDED","object":{"metadata":{"name":"ha');
      w.server.cut();
      await watching(w, 2);
      w.say('ADDED', item('half', 11));
      await eventually('the object is there', () => w.names().includes('half'));
      assert.equal(w.heard, ['added half']);
    },
  ));

test('a bookmark moves the version from which it resumes', () =>
  world(
    () => list(10, []),
    async (w) => {
      await watching(w);
      w.say('BOOKMARK', { metadata: { resourceVersion: '500' } });
      await eventually('the bookmark is seen', () => w.reflector.lastResourceVersion === '500');
      w.watches[0]?.end();
      await watching(w, 2);
      assert.ok(w.server.asked.at(-1)?.includes('resourceVersion=500'));
      assert.is(w.lists(), 1);
    },
  ));

test('410 as an ERROR event lists again and forgets what is gone', async () => {
  let things = list(10, [item('a', 1), item('b', 2)]);
  await world(
    () => things,
    async (w) => {
      await watching(w);
      things = list(90, [item('b', 80)]);
      w.say('ERROR', status(410, 'Expired', 'too old resource version'));
      await watching(w, 2);
      assert.equal(w.names(), ['b']);
      assert.equal(w.heard, ['added a', 'added b', 'modified b', 'deleted a']);
      assert.ok(w.server.asked.at(-1)?.includes('resourceVersion=90'));
    },
  );
});

test('a version from which the server fails twice to watch is given up for a list', async () => {
  let things = list(10, [item('a', 1)]);
  await world(
    () => things,
    async (w) => {
      await watching(w);
      assert.equal(w.heard, ['added a', 'deleted a']);
      assert.is(w.lists(), 2);
      assert.is(w.server.asked.filter((asked) => asked.includes('resourceVersion=10')).length, 2);
    },
    {},
    (response, from) => {
      if (from !== '10') return false;
      things = list(12, []);
      // As a server says that has to show a change whose past etcd has compacted.
      const object = status(500, 'InternalError', 'etcd event received with PrevKv=nil');
      response.writeHead(200).end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return true;
    },
  );
});

test('410 as an HTTP answer lists again', () =>
  world(
    () => list(10, []),
    async (w) => {
      await watching(w);
      assert.is(w.lists(), 2);
    },
    {},
    (response, _, nth) => {
      if (nth > 1) return false;
      answer(response, status(410, 'Expired', 'too old'), 410);
      return true;
    },
  ));

test('a watch that is silent is cut and resumed', () =>
  world(
    () => list(10, []),
    async (w) => {
      await watching(w, 3);
      assert.is(w.lists(), 1);
      w.say('ADDED', item('a', 11));
      await eventually('the event is seen', () => w.heard.includes('added a'));
    },
    { quietMs: 60 },
  ));

test('a resource type that is missing is no failure, and is found when it comes', async () => {
  let isInstalled = false;
  await world(
    () => (isInstalled ? list(5, [item('a', 1)]) : status(404, 'NotFound', 'not found')),
    async (w) => {
      await w.reflector.synced;
      assert.not(w.reflector.available);
      assert.is(w.reflector.store.size, 0);
      isInstalled = true;
      await eventually('it is available', () => w.reflector.available);
      assert.equal(w.names(), ['a']);
    },
  );
});

test('a resource type that goes away empties the store', async () => {
  let isInstalled = true;
  await world(
    () => (isInstalled ? list(5, [item('a', 1)]) : status(404, 'NotFound', 'not found')),
    async (w) => {
      await watching(w);
      isInstalled = false;
      w.say('ERROR', status(410, 'Expired', 'gone'));
      await eventually('it is not available', () => !w.reflector.available);
      assert.equal(w.heard, ['added a', 'deleted a']);
    },
  );
});

test('a server whose history went back replaces everything', async () => {
  let things = list(1_000, [item('a', 900)]);
  await world(
    () => things,
    async (w) => {
      await watching(w);
      things = list(50, [item('a', 40)]);
      w.say('BOOKMARK', { metadata: { resourceVersion: '60' } });
      await watching(w, 2);
      assert.is(w.reflector.store.get('ns', 'a')?.metadata.resourceVersion, '40');
    },
  );
});

test('what onChange throws does not stop it', () =>
  world(
    () => list(10, [item('a', 1)]),
    async (w) => {
      await watching(w);
      w.say('ADDED', item('b', 11));
      await eventually('the object is there', () => w.names().includes('b'));
    },
    {
      onChange: () => {
        throw new Error('a bug');
      },
    },
  ));

test('a server that ends every watch at once is not asked in a tight loop', () =>
  world(
    () => list(10, []),
    async (w) => {
      await eventually('it has watched three times', () => w.server.asked.length >= 4);
      assert.ok(w.server.asked.length < 8, `${w.server.asked.length} requests`);
    },
    { backoff: new Backoff({ firstMs: 100, lastMs: 100 }) },
    (response) => {
      response.writeHead(200).end();
      return true;
    },
  ));

test.run();
