import * as assert from 'uvu/assert';
import { answered, KubeError } from '../../../operator/kube/errors.ts';
import { suite } from '../../harness/suite.ts';
import { answer, ScriptedServer, status } from './scripted-server.ts';

const test = suite('transport');

async function withServer(body: (server: ScriptedServer) => Promise<void>): Promise<void> {
  const server = await ScriptedServer.start();
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

async function failure(promise: Promise<unknown>): Promise<KubeError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, KubeError);
    return error as KubeError;
  }
  throw new Error('It succeeded.');
}

test('fifty calls one after another open three connections at most', () =>
  withServer(async (server) => {
    server.handler = (_, response) => answer(response, { ok: true });
    const client = server.client();
    for (let i = 0; i < 50; i++) await client.request({ method: 'GET', path: '/api' });
    // A connection is free again a moment after its answer was read.
    assert.ok(server.sockets <= 3, `${server.sockets} connections`);
    await client.close();
  }));

test('a refusal tells what was asked and what was answered, and nothing of the token', () =>
  withServer(async (server) => {
    server.handler = (_, response) => answer(response, status(404, 'NotFound', 'pods "a" not found'), 404);
    const client = server.client('secret-token');
    const error = await failure(client.request({ method: 'GET', path: '/api/v1/namespaces/x/pods/a' }));
    assert.is(error.message, 'GET /api/v1/namespaces/x/pods/a: 404 NotFound: pods "a" not found');
    assert.ok(answered(error, 404));
    assert.is(error.reason, 'NotFound');
    await client.close();
  }));

test('what is wrong with a Secret is said without its values', () =>
  withServer(async (server) => {
    const details = { causes: [{ field: 'data.password', message: 'Invalid value: "hunter2"' }] };
    server.handler = (_, response) =>
      answer(response, status(422, 'Invalid', 'Secret is invalid: Invalid value: "hunter2"', details), 422);
    const client = server.client();
    const error = await failure(
      client.request({ method: 'PATCH', path: '/api/v1/namespaces/x/secrets/s', body: {} }),
    );
    assert.not.match(error.message, 'hunter2');
    assert.match(error.message, 'data.password');
    await client.close();
  }));

test('a server that never answers costs no more than the deadline', () =>
  withServer(async (server) => {
    server.handler = () => {};
    const client = server.client();
    const start = performance.now();
    const error = await failure(client.request({ method: 'GET', path: '/api', timeoutMs: 100 }));
    assert.is(error.reason, 'Timeout');
    assert.ok(performance.now() - start < 2_000);
    await client.close();
  }));

test("the caller's abort is thrown as it is", () =>
  withServer(async (server) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    server.handler = () => controller.abort(reason);
    const client = server.client();
    try {
      await client.request({ method: 'GET', path: '/api', signal: controller.signal });
      assert.unreachable();
    } catch (error) {
      assert.is(error, reason);
    }
    await client.close();
  }));

test('429 with Retry-After is waited for and repeated, also for a POST', () =>
  withServer(async (server) => {
    server.handler = (_, response) =>
      server.asked.length < 3
        ? answer(response, status(429, 'TooManyRequests', 'slow down'), 429, { 'retry-after': '0' })
        : answer(response, { done: true });
    const client = server.client();
    assert.equal(await client.request({ method: 'POST', path: '/api', body: {} }), { done: true });
    assert.is(server.asked.length, 3);
    await client.close();
  }));

test('429 for ever ends after five waits', () =>
  withServer(async (server) => {
    server.handler = (_, response) => answer(response, status(429, 'x', 'y'), 429, { 'retry-after': '0' });
    const client = server.client();
    assert.is((await failure(client.request({ method: 'GET', path: '/api' }))).code, 429);
    assert.is(server.asked.length, 6);
    await client.close();
  }));

test('a wait that would pass the deadline is not begun', () =>
  withServer(async (server) => {
    server.handler = (_, response) => answer(response, status(503, 'x', 'y'), 503, { 'retry-after': '60' });
    const client = server.client();
    const error = await failure(client.request({ method: 'GET', path: '/api', timeoutMs: 5_000 }));
    assert.is(error.code, 503);
    assert.is(error.retryAfterMs, 60_000);
    await client.close();
  }));

test('a reset connection is repeated once for a GET and never for a POST', () =>
  withServer(async (server) => {
    server.handler = (request, response) =>
      server.asked.length === 1 ? request.socket.destroy() : answer(response, { ok: true });
    const client = server.client();
    assert.equal(await client.request({ method: 'GET', path: '/api' }), { ok: true });
    assert.is(server.asked.length, 2);
    server.handler = (request) => request.socket.destroy();
    assert.is((await failure(client.request({ method: 'POST', path: '/api', body: {} }))).reason, 'Reset');
    assert.is(server.asked.length, 3);
    await client.close();
  }));

test('requests are counted by code, method and host', () =>
  withServer(async (server) => {
    server.handler = (_, response) => answer(response, {});
    const client = server.client();
    await client.request({ method: 'GET', path: '/api' });
    assert.match(
      await server.metrics.registry.metrics(),
      `rest_client_requests_total{code="200",method="GET",host="127.0.0.1:${server.port}"} 1`,
    );
    await client.close();
  }));

test.run();
