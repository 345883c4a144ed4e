import * as assert from 'uvu/assert';
import { fixedUrl } from '../../../app/connection-url.ts';
import { openDatabase } from '../../../app/storage/database.ts';
import { suite } from '../../harness/suite.ts';
import { databaseUrl } from '../containers.ts';
import { ApiProcess } from './api-process.ts';
import { Client } from './client.ts';
import { ApiLoad, assertGraceful, assertKept, EVERY_KIND, flows } from './load.ts';
import { eventually, World } from './world.ts';

const test = suite('PostgreSQL lost and back, under load');
const main = new URL('../../../app/main.ts', import.meta.url).pathname;
const world = new World();
let api: ApiProcess;
let user: Client;
let portfolio: string;

test.before(async () => {
  await world.start({ survives: true });
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price)
    select symbol, now() - n * interval '1 minute', 100 + n
    from unnest(array['BTC', 'ETH']) as symbol, generate_series(0, 100) as n`;
  api = await ApiProcess.start(main, world.variables({ LOG_LEVEL: 'info', LOG_SUCCESS_SHARE: '0' }));
  user = await Client.registered(api.url);
  const holdings = [{ symbol: 'BTC', quantity: '1' }];
  portfolio = (await user.post('/portfolios', { name: 'Mine', holdings })).body.id;
});
test.after(async () => {
  api?.signal('SIGKILL');
  await world.stop();
});

test('a query that fails among its rows leaves nothing to the next one on its connection', async () => {
  const url = fixedUrl(databaseUrl(world.parts.pooler), ['postgresql:']);
  const database = openDatabase({ url, poolSize: 1, applicationName: 'test' });
  try {
    const broken = database.query(database.sql`select 1 / (4 - n) from generate_series(1, 9) as n`);
    await broken.then(
      () => assert.unreachable('it did not fail'),
      (error) => assert.match(error.message, 'division by zero'),
    );
    const rows = await database.query(database.sql`select n from generate_series(1, 3) as n`);
    assert.equal([...rows], [{ n: 1 }, { n: 2 }, { n: 3 }]);
  } finally {
    await database.end(0);
  }
});

test('kill -9 and a restart: a few 503, no other failure, prices all along, and nothing acknowledged is lost', async () => {
  const load = new ApiLoad(user, portfolio);
  try {
    await flows(load, EVERY_KIND, 10);
    await world.containers.crashDatabase();
    const lost = performance.now();
    // Prices go on while the rest waits.
    await flows(load, ['hot'], 200);
    await eventually(
      10_000,
      async () => load.of('write').at(-1)?.status,
      (status) => status === 503,
    );
    await world.containers.restartDatabase();
    await flows(load, EVERY_KIND, 10);
    const back = performance.now();
    await load.stop();

    assertGraceful(load, api.errors);
    assert.equal(
      load.of('hot').filter(({ status }) => status !== 200),
      [],
    );
    const failed = load.outcomes.filter(({ status }) => status === 503);
    assert.ok(failed.length > 0, 'the database was not missed: the test shows nothing');
    assert.ok(failed.every(({ at }) => at > lost - 8_000 && at < back));
    await assertKept(load, user, portfolio);
    console.log(
      `note: PostgreSQL away, every request answered again after ${Math.round(back - lost)} ms; ${failed.length} of ${load.outcomes.length} answers were 503`,
    );
  } finally {
    await load.stop();
  }
});

test('every session of the database ended at once, as by a switch to another primary: at most a few 503', async () => {
  const load = new ApiLoad(user, portfolio);
  try {
    await flows(load, EVERY_KIND, 10);
    await world.containers.endSessions();
    await flows(load, EVERY_KIND, 10);
    await load.stop();
    assertGraceful(load, api.errors);
    const failed = load.outcomes.filter(({ status }) => status === 503);
    // One for each client that was in the middle of a query, or met a broken connection in the pool.
    assert.ok(failed.length <= 40, `${failed.length} of ${load.outcomes.length} answers were 503`);
    await assertKept(load, user, portfolio);
    console.log(`note: ${failed.length} of ${load.outcomes.length} answers were 503`);
  } finally {
    await load.stop();
  }
});

test('the process is the same one, and well', async () => {
  const { body } = await user.get('/portfolios');
  assert.is(body.portfolios.length, 1);
  api.signal('SIGTERM');
  assert.is(await api.exitCode(), 0);
});

test.run();
