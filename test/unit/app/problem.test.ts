import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import Koa, { type Middleware } from 'koa';
import * as assert from 'uvu/assert';
import winston from 'winston';
import { Problem, problems } from '../../../app/http/problem.ts';
import { withoutPasswords } from '../../../app/telemetry/logger.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('problem+json');

async function answerOf(middleware: Middleware): Promise<{ response: Response; text: string }> {
  const app = new Koa();
  app.silent = true;
  app.use(problems(winston.createLogger({ silent: true })));
  app.use(middleware);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/thing`);
    return { response, text: await response.text() };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a problem is answered with its status, kind and sentence', async () => {
  const { response, text } = await answerOf(() => {
    throw new Problem({ status: 503, kind: 'unavailable', detail: 'Not now.', retryAfterS: 2 });
  });
  assert.is(response.status, 503);
  assert.is(response.headers.get('content-type'), 'application/problem+json');
  assert.is(response.headers.get('retry-after'), '2');
  assert.equal(JSON.parse(text), {
    type: 'urn:cryptosense:problem:unavailable',
    title: 'Service Unavailable',
    status: 503,
    detail: 'Not now.',
  });
});

test('what nobody expected is a 500 that tells a client nothing of the inside', async () => {
  const { response, text } = await answerOf(() => {
    throw new TypeError('password hunter2 at /app/secret.ts');
  });
  assert.is(response.status, 500);
  assert.not.match(text, 'hunter2');
  assert.not.match(text, 'TypeError');
  assert.not.match(text, '.ts');
});

test('a request that nobody answered is a 404 with a sentence', async () => {
  const { response, text } = await answerOf(async (_ctx, next) => next());
  assert.is(response.status, 404);
  assert.match(text, 'There is nothing at /thing.');
});

test('a password in a URL does not get into a log line', () => {
  assert.is(
    withoutPasswords('{"error":"postgresql://api:hunter2@pooler:6432/db and redis://:hunter2@cache"}'),
    '{"error":"postgresql://api:***@pooler:6432/db and redis://:***@cache"}',
  );
});

test.run();
