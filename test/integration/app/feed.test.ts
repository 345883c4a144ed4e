import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { eventually, get, World } from './world.ts';

const test = suite('feed');
const world = new World();
test.before(() => world.start());
test.after(() => world.stop());

const simulated = { FEED: 'simulator', FEED_INTERVAL_MS: '200', FEED_SEED: '42' };

async function role(url: string): Promise<unknown> {
  const { body } = await get(`${url}/health/detailed`);
  return (body.feed as { role: unknown }).role;
}
const newest = async () => {
  const [row] = await world.parts.sql`select max(timestamp) as newest from price_history`;
  return row?.newest instanceof Date ? row.newest.getTime() : 0;
};

test('one of two replicas polls, fills an empty table, and the other takes over when it stops', async () => {
  const first = await world.serve(simulated);
  await eventually(
    10_000,
    () => get(`${first.url}/api/prices/BTC`),
    ({ status }) => status === 200,
  );
  const second = await world.serve(simulated);
  await eventually(
    5_000,
    () => role(first.url),
    (found) => found === 'polling',
  );
  assert.is(await role(second.url), 'standby');
  const { body } = await get(`${second.url}/api/prices/BTC/history?interval=1d&limit=20`);
  assert.is((body.candles as unknown[]).length, 20);
  assert.equal((await get(`${second.url}/health/detailed`)).body.services, {
    database: 'ok',
    redis: 'ok',
    simulator: 'ok',
  });
  const begun = await newest();
  await eventually(5_000, newest, (found) => found > begun);
  await first.server.stop();
  await eventually(
    5_000,
    () => role(second.url),
    (found) => found === 'polling',
  );
  const taken = await newest();
  await eventually(5_000, newest, (found) => found > taken);
});

test('with Redis gone every replica polls, and each moment is still written once', async () => {
  const replicas = await Promise.all([world.serve(simulated), world.serve(simulated)]);
  await world.parts.cache.cut();
  for (const { url } of replicas)
    await eventually(
      5_000,
      () => role(url),
      (found) => found === 'polling',
    );
  const before = await newest();
  await eventually(5_000, newest, (found) => found > before + 1_000);
  const [row] = await world.parts.sql`
    select count(*)::int as rows, count(distinct (symbol, timestamp))::int as moments from price_history`;
  assert.is(row?.rows, row?.moments);
  await world.parts.cache.open();
});

test('a rotation to another login is followed without a restart', async () => {
  const { sql, directUrl } = world.parts;
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-rotation-'));
  try {
    await sql`create role second login password 'second' in role cryptosense`;
    await sql`grant select on price_history to second`;
    const file = join(folder, 'url');
    writeFileSync(file, directUrl);
    const { url } = await world.serve({ DATABASE_URL: '', DATABASE_URL_FILE: file });
    assert.is((await get(`${url}/health/ready`)).status, 200);
    const rotated = new URL(directUrl);
    rotated.username = 'second';
    rotated.password = 'second';
    writeFileSync(file, rotated.href);
    const users = async () => {
      // A use of the database: that is when a new login is noticed.
      await get(`${url}/health/detailed`);
      const rows = await sql`
        select distinct usename from pg_stat_activity
        where application_name = 'cryptosense-api' and client_addr is not null`;
      return rows.map((row) => row.usename);
    };
    await eventually(15_000, users, (found) => found.includes('second'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
