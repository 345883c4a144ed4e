import dns from 'node:dns';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { fixedUrl } from '../../../app/connection-url.ts';
import { openCache } from '../../../app/storage/cache.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { CacheGroup, GROUP_PASSWORD } from './group.ts';

const test = suite("the API's cache client");

const SERVICE = 'shop-cache';
const WRITE_EVERY_MS = 10;
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
    return primary !== undefined && (await group.following(primary)) === 1 && (await group.informed());
  });
  let lost = 0;
  const url = fixedUrl(`redis://:${GROUP_PASSWORD}@${SERVICE}:6379`, ['redis:']);
  const clients = Array.from({ length: 8 }, () =>
    openCache({
      url,
      onChange: (state, reason) => {
        if (state === 'lost') lost += 1;
        if (state === 'lost') console.log(`lost: ${reason}`);
      },
    }),
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
    console.log(
      `\nnote: all clients read again ${((performance.now() - killed) / 1000).toFixed(1)} s after kill -9`,
    );
    for (const client of clients) await client.set('after', 'the failover', 60_000);
    assert.is(lost, clients.length);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
});

test('a planned hand-over interrupts the API for less than a failover', async () => {
  const [old = ''] = await group.primaries();
  const other = group.members.find((host) => host !== old) ?? '';
  await group.restart(other);
  addresses = await group.addresses();
  await eventually('the replica is in step', async () => (await group.following(old)) === 1);
  const url = fixedUrl(`redis://:${GROUP_PASSWORD}@${SERVICE}:6379`, ['redis:']);
  const client = openCache({ url, onChange: () => {} });
  let isOver = false;
  try {
    await client.tried;
    let longest = 0;
    let last = performance.now();
    const write = async () => {
      await client.set('planned', 'stop', 60_000);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    };
    await write();
    const writing = (async () => {
      while (!isOver) {
        await write().catch(() => {});
        await pause(WRITE_EVERY_MS);
      }
    })();
    await group.remove(old);
    const gone = performance.now();
    await eventually('writes arrive without the old primary', () => last > gone);
    isOver = true;
    await writing;
    assert.equal(await group.redis(other, 'GET planned'), ['stop']);
    console.log(`\nnote: ${(longest / 1000).toFixed(2)} s between two writes in a planned hand-over`);
    assert.ok(longest < 5_000, `${longest} ms`);
  } finally {
    isOver = true;
    await client.end();
  }
});

test.run();
