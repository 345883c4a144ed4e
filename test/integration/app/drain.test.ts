import { Agent, get as httpGet } from 'node:http';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { ApiProcess } from './api-process.ts';
import { eventually, get, World } from './world.ts';

const test = suite('drain');
const main = new URL('../../../app/main.ts', import.meta.url).pathname;
const world = new World();
const processes: ApiProcess[] = [];

test.before(async () => {
  await world.start();
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price) values ('BTC', '2026-01-01T00:00:00Z', 100)`;
});
test.after(async () => {
  for (const api of processes) api.signal('SIGKILL');
  await world.stop();
});

async function start(variables: Record<string, string>): Promise<ApiProcess> {
  const api = await ApiProcess.start(main, world.variables({ ...variables, LOG_LEVEL: 'info' }));
  processes.push(api);
  return api;
}

interface Outcome {
  readonly status?: number;
  readonly error?: string;
  readonly closing: boolean;
  readonly reused: boolean;
}

function request(url: string, agent: Agent): Promise<Outcome> {
  return new Promise((resolve) => {
    const asked = httpGet(url, { agent }, (response) => {
      const closing = response.headers.connection === 'close';
      const reused = asked.reusedSocket;
      response.resume();
      response.on('error', (error) => resolve({ error: error.message, closing, reused }));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, closing, reused }));
    });
    asked.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ error: error.code ?? error.message, closing: false, reused: asked.reusedSocket }),
    );
  });
}

/** Twenty clients that ask without pause, on kept connections, until `goesOn` says no or a request fails. */
function load(url: string, goesOn: () => boolean) {
  const agent = new Agent({ keepAlive: true });
  const outcomes: Outcome[] = [];
  const client = async () => {
    while (goesOn()) {
      const outcome = await request(`${url}/api/prices/BTC`, agent);
      outcomes.push(outcome);
      if (outcome.error !== undefined) return;
    }
  };
  const done = Promise.all(Array.from({ length: 20 }, client)).then(() => agent.destroy());
  return { outcomes, done };
}

test('a proxy that stops sending when readiness says so loses no request to a SIGTERM under load', async () => {
  const api = await start({ DRAIN_MS: '4000' });
  let heard = false;
  const { outcomes, done } = load(api.url, () => !heard);
  await eventually(
    5_000,
    async () => outcomes.length,
    (count) => count > 500,
  );
  api.signal('SIGTERM');
  await eventually(
    1_000,
    () => get(`${api.url}/health/ready`),
    ({ status }) => status === 503,
  );
  const sent = outcomes.length;
  // A proxy hears of it later than the pod says it.
  await eventually(
    3_500,
    async () => outcomes.length,
    (count) => count > sent + 100,
  );
  heard = true;
  await done;
  assert.ok(outcomes.some(({ reused }) => reused));
  assert.equal(
    outcomes.filter(({ status }) => status !== 200),
    [],
  );
  assert.is(await api.exitCode(), 0);
});

test('of clients that never stop, none is cut on a connection that was accepted, and all are sent away politely', async () => {
  const api = await start({ DRAIN_MS: '1000' });
  const { outcomes, done } = load(api.url, () => true);
  await eventually(
    5_000,
    async () => outcomes.length,
    (count) => count > 500,
  );
  const before = outcomes.length;
  api.signal('SIGTERM');
  await done;
  // The kernel refuses or resets a connection that comes as the door closes; no request has been read from it.
  const failed = outcomes.filter(({ status }) => status !== 200);
  assert.is(failed.length, 20);
  assert.ok(failed.every(({ error, reused }) => !reused && /^ECONN(REFUSED|RESET)$/.test(error ?? '')));
  const draining = outcomes.slice(before + 40).filter(({ status }) => status === 200);
  assert.ok(draining.length > 100, `only ${draining.length} requests while it drained`);
  assert.ok(draining.every(({ closing }) => closing));
  assert.is(await api.exitCode(), 0);
});

test('readiness says so from the first moment, while health and prices are still answered', async () => {
  const api = await start({ DRAIN_MS: '2000' });
  assert.is((await get(`${api.url}/health/ready`)).status, 200);
  api.signal('SIGTERM');
  const ready = await eventually(
    500,
    () => get(`${api.url}/health/ready`),
    ({ status }) => status === 503,
  );
  assert.is(ready.body.reason, 'draining');
  assert.is(ready.headers.get('connection'), 'close');
  assert.is((await get(`${api.url}/health`)).status, 200);
  assert.is((await get(`${api.url}/api/prices/BTC`)).status, 200);
  assert.is(await api.exitCode(), 0);
});

test('a request that is under way when the door closes is finished', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { url, server } = await world.serve({}, [
    async (ctx, next) => {
      if (ctx.path === '/api/prices/BTC') {
        enter();
        await released;
      }
      await next();
    },
  ]);
  const slow = get(`${url}/api/prices/BTC`);
  await entered;
  const stopped = server.stop();
  await eventually(
    2_000,
    () =>
      get(url).then(
        () => 'open',
        () => 'closed',
      ),
    (door) => door === 'closed',
  );
  release();
  assert.is((await slow).status, 200);
  assert.is(await stopped, true);
});

test('a second signal ends the process at once', async () => {
  const api = await start({ DRAIN_MS: '60000' });
  api.signal('SIGTERM');
  await eventually(
    2_000,
    () => get(`${api.url}/health/ready`),
    ({ status }) => status === 503,
  );
  const since = performance.now();
  api.signal('SIGINT');
  assert.is(await api.exitCode(), 1);
  assert.ok(performance.now() - since < 1_000);
});

test('a wrong configuration ends the process with code 1', async () => {
  const [outcome] = await Promise.allSettled([ApiProcess.start(main, { NODE_ENV: 'nowhere' })]);
  assert.match(String(outcome?.status === 'rejected' && outcome.reason), 'exit code 1');
});

test.run();
