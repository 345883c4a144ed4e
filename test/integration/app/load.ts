import { Agent, request as httpRequest } from 'node:http';
import * as assert from 'uvu/assert';
import type { Client } from './client.ts';
import { eventually } from './world.ts';

/** The kinds of requests that a load is made of. */
export const EVERY_KIND = ['hot', 'history', 'portfolio', 'write'];

const CLIENTS_OF_A_KIND = 4;

interface Outcome {
  readonly kind: string;
  readonly at: number;
  readonly ms: number;
  /** 0: the connection broke. */
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Clients of an API without pause, each with a connection that it keeps, and what every single request came to. */
export class ApiLoad {
  readonly outcomes: Outcome[] = [];
  /** Quantities that the API said it has written, in the order of the answers. */
  readonly written: string[] = [];
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #running: Promise<void>[] = [];
  #goesOn = true;

  /** `history`: what is asked of the prices of the past. */
  constructor(user: Client, portfolio: string, { history = '?interval=1m' } = {}) {
    this.#url = user.url;
    const token = { authorization: `Bearer ${user.token}` };
    for (let client = 0; client < CLIENTS_OF_A_KIND; client += 1) {
      this.#loop(() => this.#ask('hot', 'GET', '/api/v1/prices/BTC'));
      this.#loop(() => this.#ask('history', 'GET', `/api/v1/prices/BTC/history${history}`));
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
      const asked = httpRequest(`${this.#url}${path}`, options, (response) => {
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

/** Every answer is a success, or a 503 that says when to come again, and comes in time. `log`: lines with the reasons. */
export function assertGraceful({ outcomes }: ApiLoad, log: readonly string[] = []): void {
  const odd = outcomes.filter(({ status }) => status !== 200 && status !== 503);
  const reasons = odd.map(({ body }) => log.find((line) => body.includes(requestIdOf(line)))).slice(0, 5);
  const found = `${odd.length} of ${outcomes.length} answers are neither 200 nor 503: ${reasons.join('\n')}`;
  assert.equal(odd.slice(0, 5), [], found);
  for (const { status, retryAfter, body } of outcomes.filter((one) => one.status === 503)) {
    assert.is(retryAfter, '2', `${status} ${body}`);
    assert.match(body, '"type":"urn:cryptosense:problem:');
  }
  // The deadline of a transaction is 5 s, with half a second for the rollback.
  const slowest = Math.max(...outcomes.map(({ ms }) => ms));
  assert.ok(slowest < 8_000, `the slowest answer took ${Math.round(slowest)} ms`);
}

const requestIdOf = (line: string) => String((JSON.parse(line) as { requestId?: string }).requestId);

/** Each kind of request is answered again, this many times. */
export function flows(load: ApiLoad, kinds: readonly string[], times: number): Promise<number[]> {
  const succeeded = () => kinds.map((kind) => load.of(kind).filter(({ status }) => status === 200).length);
  const before = succeeded();
  return eventually(
    40_000,
    async () => succeeded(),
    (now) => now.every((count, index) => count >= (before[index] ?? 0) + times),
  );
}

/** What the API said it has written is there. */
export async function assertKept(load: ApiLoad, user: Client, portfolio: string): Promise<void> {
  const { body } = await user.get(`/portfolios/${portfolio}`);
  const kept = Number(body.holdings.find((one: { symbol: string }) => one.symbol === 'BTC')?.quantity);
  // One more may have been committed whose answer was lost.
  const last = Number(load.written.at(-1));
  assert.ok(kept >= last, `the API said that ${last} is written, and ${kept} is there`);
}
