// node ci/smoke.ts --url https://api.example.com --version 1.2.3 [--seconds 120]
// Looks at an API from outside, as its users do. Each wrong answer is a sentence; it tries again until the time is over.
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Failure, main, oneLine, output } from './report.ts';

const REQUEST_MS = 10_000;
const AGAIN_MS = 2_000;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A JSON answer. Throws Failure with what came instead. */
async function get(url: string, expected: number): Promise<Answer> {
  const path = new URL(url).pathname;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_MS), redirect: 'error' });
    text = await response.text();
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Failure(`${path}: no answer (${cause instanceof Error ? cause.message : message}).`);
  }
  if (response.status !== expected)
    throw new Failure(`${path}: ${response.status} instead of ${expected} (${oneLine(text).slice(0, 200)}).`);
  try {
    return { status: response.status, headers: response.headers, body: JSON.parse(text) };
  } catch {
    throw new Failure(`${path}: the answer is not JSON (${oneLine(text).slice(0, 200)}).`);
  }
}

const must = (condition: boolean, sentence: string): void => {
  if (!condition) throw new Failure(sentence);
};

/** What has to be so of a release that serves. Each throws Failure where it is not. */
function checks(url: string, version: string): (() => Promise<void>)[] {
  return [
    async () => {
      const { body } = await get(`${url}/health`, 200);
      must(body.status === 'ok', `/health: status is ${JSON.stringify(body.status)}, not "ok".`);
    },
    async () => {
      const { body } = await get(`${url}/health/detailed`, 200);
      must(body.status === 'ok', `/health/detailed: status is ${JSON.stringify(body.status)}, not "ok".`);
    },
    async () => {
      const { body } = await get(`${url}/api/openapi.json`, 200);
      const found = (body.info as { version?: unknown } | undefined)?.version;
      must(
        found === version,
        `/api/openapi.json: version ${JSON.stringify(found)} answers, not "${version}".`,
      );
    },
    async () => {
      const { body, headers } = await get(`${url}/api/v1/prices/BTC`, 200);
      const { price } = body;
      const isAmount = typeof price === 'string' && /^\d+(\.\d+)?$/.test(price) && Number(price) > 0;
      must(isAmount, `/api/v1/prices/BTC: the price is ${JSON.stringify(price)}, and no amount.`);
      for (const name of ['x-request-id', 'x-content-type-options', 'cache-control'])
        must(headers.has(name), `/api/v1/prices/BTC: the header ${name} is missing.`);
    },
    async () => {
      const { body } = await get(`${url}/api/v1/prices/BTC/history?interval=1h`, 200);
      must(Array.isArray(body.candles), '/api/v1/prices/BTC/history: there are no candles.');
    },
    async () => {
      const { headers } = await get(`${url}/api/v1/no-such-path`, 404);
      const type = headers.get('content-type') ?? '';
      must(type.startsWith('application/problem+json'), `/api/v1/no-such-path: the 404 is ${type}.`);
    },
  ];
}

/** What is wrong now, one sentence each. */
async function problems(url: string, version: string): Promise<string[]> {
  const settled = await Promise.allSettled(checks(url, version).map((check) => check()));
  return settled.flatMap((one) => {
    if (one.status === 'fulfilled') return [];
    if (one.reason instanceof Failure) return [one.reason.message];
    throw one.reason;
  });
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      version: { type: 'string' },
      seconds: { type: 'string', default: '120' },
    },
  });
  const { url, version, seconds } = values;
  if (!url || !version || !(Number(seconds) >= 0) || !URL.canParse(url))
    throw new Failure('Usage: node ci/smoke.ts --url https://HOST --version VERSION [--seconds 120]');
  const base = url.replace(/\/+$/, '');
  const deadline = performance.now() + Number(seconds) * 1_000;
  for (;;) {
    const found = await problems(base, version);
    if (found.length === 0) return output('result', `${base} answers as ${version}.`);
    if (performance.now() >= deadline)
      throw new Failure(`${base} is not as it should be:\n${found.map((one) => `  ${one}`).join('\n')}`);
    await setTimeout(AGAIN_MS);
  }
});
