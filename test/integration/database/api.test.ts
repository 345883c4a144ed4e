import * as assert from 'uvu/assert';
import winston from 'winston';
import { fixedUrl } from '../../../app/connection-url.ts';
import { readMigrations } from '../../../app/migrations/files.ts';
import { runMigrations } from '../../../app/migrations/runner.ts';
import { suite } from '../../harness/suite.ts';
import { ApiProcess } from '../app/api-process.ts';
import { Client } from '../app/client.ts';
import { ApiLoad, assertGraceful, assertKept, EVERY_KIND, flows } from '../app/load.ts';
import { quietApi } from '../app/world.ts';
import { Containers, cacheUrl } from '../containers.ts';
import { FAULTS, type Fault } from './faults.ts';
import { DatabaseGroup } from './group.ts';

const test = suite('The API through PgBouncer, while the database fails over');
const main = new URL('../../../app/main.ts', import.meta.url).pathname;
const migrations = new URL('../../../app/migrations', import.meta.url).pathname;
const group = new DatabaseGroup({ members: 3, durability: 'strict' });
const containers = new Containers();
/** Of prices that nobody changes: every answer has the same. */
const PERIOD = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T02:00:00Z' };
let api: ApiProcess;
let user: Client;
let portfolio: string;

test.before(async () => {
  const [cache] = await Promise.all([containers.startCache(), group.start()]);
  const primary = await group.healthy();
  const { username, password, database } = await group.login();
  const url = (host: string, port: number) =>
    `postgresql://${username}:${password}@${host}:${port}/${database}`;
  await runMigrations({
    url: fixedUrl(url(await group.address(primary), 5432), ['postgresql:']),
    migrations: readMigrations(migrations),
    target: { direction: 'up' },
    version: 'test',
    logger: winston.createLogger({ silent: true }),
    authority: group.authority['ca.crt'] ?? '',
  });
  await group.ask(
    primary,
    `insert into price_history (symbol, timestamp, price)
     select 'BTC', '${PERIOD.from}'::timestamptz + n * interval '1 minute', 100 + n from generate_series(0, 90) as n
     union all select 'BTC', now(), 100`,
  );
  api = await ApiProcess.start(main, {
    ...quietApi(url(group.pooler.host, group.pooler.port), cacheUrl(cache)),
    LOG_SUCCESS_SHARE: '0',
  });
  user = await Client.registered(api.url);
  const holdings = [{ symbol: 'BTC', quantity: '1' }];
  portfolio = (await user.post('/portfolios', { name: 'Mine', holdings })).body.id;
});
test.after(async () => {
  api?.signal('SIGKILL');
  await containers.stop();
  await group.end();
});

for (const name of ['kill -9 of PostgreSQL', 'a switchover'])
  test(`${name}: pauses and 503 with Retry-After, no other answer, and none that is wrong`, async () => {
    const before = await group.healthy();
    const load = new ApiLoad(user, portfolio, { history: `?${new URLSearchParams(PERIOD)}&interval=1h` });
    try {
      await flows(load, EVERY_KIND, 10);
      const heal = await (FAULTS[name] as Fault).begin(group, before);
      await flows(load, ['hot'], 20);
      await heal();
      const after = await group.healthy();
      await flows(load, EVERY_KIND, 10);
      await load.stop();

      assert.is.not(after, before, 'nobody took over: the test shows nothing');
      assertGraceful(load, api.errors);
      assertSameHistory(load);
      await assertKept(load, user, portfolio);
      const failed = load.outcomes.filter(({ status }) => status === 503);
      console.log(`\nnote: ${name}: ${failed.length} of ${load.outcomes.length} answers were 503`);
    } finally {
      await load.stop();
    }
  });

/** A replica that was behind, or a database that was made anew, would have answered with less. */
function assertSameHistory(load: ApiLoad): void {
  const bodies = new Set(
    load
      .of('history')
      .filter(({ status }) => status === 200)
      .map(({ body }) => body),
  );
  assert.is(bodies.size, 1, [...bodies].slice(0, 3).join('\n'));
  assert.match([...bodies][0] ?? '', '"190"');
}

test.run();
