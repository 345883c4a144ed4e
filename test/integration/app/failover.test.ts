import { Agent, request as httpRequest } from 'node:http';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { ApiProcess } from './api-process.ts';
import { Client } from './client.ts';
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

interface Outcome {
  readonly kind: string;
  readonly at: number;
  readonly ms: number;
  /** 0: the connection broke. */
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Clients without pause, each with a connection that it keeps, and what every single request came to. */
class Load {
  readonly outcomes: Outcome[] = [];
  /** Quantities that the API said it has written, in the order of the answers. */
  readonly written: string[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #running: Promise<void>[] = [];
  #goesOn = true;

  constructor() {
    const token = { authorization: `Bearer ${user.token}` };
    for (let client = 0; client < 4; client += 1) {
      this.#loop(() => this.#ask('hot', 'GET', '/api/v1/prices/BTC'));
      this.#loop(() => this.#ask('history', 'GET', '/api/v1/prices/BTC/history?interval=1m'));
      this.#loop(() => this.#ask('portfolio', 'GET', `/api/v1/portfolios/${portfolio}/performance`, token));
    }
    let quantity = 1;
    this.#loop(async () => {
      quantity += 1;
      const next = String(quantity);
      const path = `/api/v1/portfolios/${portfolio}/holdings/BTC`;
      const { status } = await this.#ask('write', 'PUT', path, token, { quantity: next });
      if (status === 200) this.written.push(next);
    });
  }

  async stop(): Promise<void> {
    this.#goesOn = false;
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  of(kind: string): Outcome[] {
    return this.outcomes.filter((one) => one.kind === kind);
  }

  #loop(once: () => Promise<unknown>): void {
    const run = async () => {
      while (this.#goesOn) await once();
    };
    this.#running.push(run());
  }

  #ask(kind: string, method: string, path: string, headers: Record<string, string> = {}, body?: unknown) {
    const at = performance.now();
    return new Promise<Outcome>((resolve) => {
      const end = (status: number, text: string, retryAfter?: string) => {
        const outcome = { kind, at, ms: performance.now() - at, status, retryAfter, body: text };
        this.outcomes.push(outcome);
        resolve(outcome);
      };
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = { method, agent: this.#agent, headers: { ...headers, ...type } };
      const asked = httpRequest(`${api.url}${path}`, options, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => end(response.statusCode ?? 0, text, response.headers['retry-after']));
        response.on('error', (error) => end(0, String(error)));
      });
      asked.on('error', (error) => end(0, String(error)));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** Every answer is a success, or a 503 that says when to come again, and comes in time. */
function assertGraceful({ outcomes }: Load): void {
  const odd = outcomes.filter(({ status }) => status !== 200 && status !== 503);
  assert.equal(odd.slice(0, 5), [], `${odd.length} of ${outcomes.length} answers are neither 200 nor 503`);
  for (const { status, retryAfter, body } of outcomes.filter((one) => one.status === 503)) {
    assert.is(retryAfter, '2', `${status} ${body}`);
    assert.match(body, '"type":"urn:cryptosense:problem:');
  }
  // The deadline of a transaction is 5 s, with half a second for the rollback.
  const slowest = Math.max(...outcomes.map(({ ms }) => ms));
  assert.ok(slowest < 8_000, `the slowest answer took ${Math.round(slowest)} ms`);
}

/** Each kind of request is answered again, this many times. */
const flows = (load: Load, kinds: readonly string[], times: number) => {
  const before = kinds.map((kind) => load.of(kind).filter(({ status }) => status === 200).length);
  return eventually(
    40_000,
    async () => kinds.map((kind) => load.of(kind).filter(({ status }) => status === 200).length),
    (now) => now.every((count, index) => count >= (before[index] ?? 0) + times),
  );
};
const ALL = ['hot', 'history', 'portfolio', 'write'];

async function assertKept(load: Load): Promise<void> {
  const { body } = await user.get(`/portfolios/${portfolio}`);
  const kept = Number(body.holdings.find((one: { symbol: string }) => one.symbol === 'BTC')?.quantity);
  // One more may have been committed whose answer was lost.
  const last = Number(load.written.at(-1));
  assert.ok(kept >= last, `the API said that ${last} is written, and ${kept} is there`);
}

test('kill -9 and a restart: a few 503, no other failure, prices all along, and nothing acknowledged is lost', async () => {
  const load = new Load();
  try {
    await flows(load, ALL, 10);
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
    await flows(load, ALL, 10);
    const back = performance.now();
    await load.stop();

    assertGraceful(load);
    assert.equal(
      load.of('hot').filter(({ status }) => status !== 200),
      [],
    );
    const failed = load.outcomes.filter(({ status }) => status === 503);
    assert.ok(failed.length > 0, 'the database was not missed: the test shows nothing');
    assert.ok(failed.every(({ at }) => at > lost - 8_000 && at < back));
    await assertKept(load);
    console.log(
      `note: PostgreSQL away, every request answered again after ${Math.round(back - lost)} ms; ${failed.length} of ${load.outcomes.length} answers were 503`,
    );
  } finally {
    await load.stop();
  }
});

test('every session of the database ended at once, as by a switch to another primary: at most a few 503', async () => {
  const load = new Load();
  try {
    await flows(load, ALL, 10);
    await world.containers.endSessions();
    await flows(load, ALL, 10);
    await load.stop();
    assertGraceful(load);
    const failed = load.outcomes.filter(({ status }) => status === 503);
    // One for each client that was in the middle of a query, or met a broken connection in the pool.
    assert.ok(failed.length <= 40, `${failed.length} of ${load.outcomes.length} answers were 503`);
    await assertKept(load);
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
