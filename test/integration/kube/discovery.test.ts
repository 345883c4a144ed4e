import * as assert from 'uvu/assert';
import { create, remove } from '../../../operator/kube/apply.ts';
import { ApiGroups } from '../../../operator/kube/discovery.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { startApiServer } from '../apiserver.ts';
import { eventually } from '../processes.ts';
import { CRDS } from './things.ts';

const test = suite('API groups of a real API server');

const names = { kind: 'Thing', plural: 'things', singular: 'thing', listKind: 'ThingList' };
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names,
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

test('a group that comes and goes is noticed at the next look, and said once each time', async () => {
  const server = await startApiServer();
  const client = server.client();
  const stop = new AbortController();
  const waiting: (() => void)[] = [];
  // The minute between two looks passes when the test says so.
  const clock = {
    now: () => 0,
    after: (_: number, callback: () => void) => {
      waiting.push(callback);
      return () => {};
    },
  };
  await allGroupsServed(client);
  let changes = 0;
  const onChange = () => {
    changes += 1;
  };
  try {
    const groups = new ApiGroups({ client, log: silentLog, onChange, clock });
    await groups.start(stop.signal);
    assert.equal([groups.has('apps'), groups.has('example.com'), changes], [true, false, 0]);
    const look = () => waiting.shift()?.();

    await create(client, CRDS, definition);
    await eventually('the new group is seen', () => {
      look();
      return groups.has('example.com');
    });
    await remove(client, CRDS, '', 'things.example.com');
    await eventually('the group is gone', () => {
      look();
      return !groups.has('example.com');
    });
    assert.is(changes, 2);
  } finally {
    stop.abort();
    await client.close();
    await server.stop();
  }
});

/** A server that says it is ready lists its own groups a moment later, one after the other. */
async function allGroupsServed(client: KubeClient): Promise<void> {
  await eventually('the server lists all groups that it has', async () => {
    const [services, listed] = await Promise.all([
      client.request<{ items: { spec: { group?: string } }[] }>({
        method: 'GET',
        path: '/apis/apiregistration.k8s.io/v1/apiservices',
      }),
      client.request<{ groups: { name: string }[] }>({ method: 'GET', path: '/apis' }),
    ]);
    const names = new Set(listed.groups.map(({ name }) => name));
    return services.items.every(({ spec: { group } }) => !group || names.has(group));
  });
}

test.run();
