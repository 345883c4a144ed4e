import dns from 'node:dns';
import * as assert from 'uvu/assert';
import { fixedUrl } from '../../../app/connection-url.ts';
import { openCache } from '../../../app/storage/cache.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { CacheGroup, GROUP_PASSWORD } from './group.ts';

const test = suite("the API's cache client");

const SERVICE = 'shop-cache';
const group = new CacheGroup();
let addresses = new Map<string, string>();
const systemLookup = dns.lookup;

/** The cluster's name service: members by name, and the Service as any one of them. */
function lookup(name: string, options: dns.LookupOptions, done: (...found: unknown[]) => void): void {
  const members = [...addresses.values()];
  const address =
    name === SERVICE ? members[Math.floor(Math.random() * members.length)] : addresses.get(name);
  if (address) done(null, options.all ? [{ address, family: 4 }] : address, 4);
  else if (name.startsWith(SERVICE)) done(Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' }));
  else systemLookup(name, options, done as never);
}

test.before(async () => {
  await group.start();
  addresses = await group.addresses();
  Object.assign(dns, { lookup });
});
test.after(async () => {
  Object.assign(dns, { lookup: systemLookup });
  await group.end();
});

test('writes to the primary whichever member it reaches first, and follows a failover', async () => {
  await eventually('the group serves', async () => {
    const [primary] = await group.primaries();
    return primary !== undefined && (await group.following(primary)) === 1;
  });
  const states: string[] = [];
  const url = fixedUrl(`redis://:${GROUP_PASSWORD}@${SERVICE}:6379`, ['redis:']);
  const clients = Array.from({ length: 8 }, () =>
    openCache({ url, onChange: (state) => states.push(state) }),
  );
  try {
    await Promise.all(clients.map((client) => client.tried));
    for (const [i, client] of clients.entries()) await client.set(`key:${i}`, `value ${i}`, 60_000);

    const [primary = ''] = await group.primaries();
    await group.redis(primary, 'WAIT 1 2000');
    const killed = performance.now();
    await group.kill(primary);
    addresses.delete(primary);
    await Promise.all(
      clients.map((client, i) =>
        eventually('the key is readable again', async () => {
          const found = await client.get(`key:${i}`).catch(() => undefined);
          return found === `value ${i}`;
        }),
      ),
    );
    console.log(`all clients read again ${((performance.now() - killed) / 1000).toFixed(1)} s after kill -9`);
    for (const client of clients) await client.set('after', 'the failover', 60_000);
    assert.is(states.filter((state) => state === 'lost').length, clients.length);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
});

test.run();
