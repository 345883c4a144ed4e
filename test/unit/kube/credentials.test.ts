import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig, type User } from '@kubernetes/client-node';
import * as assert from 'uvu/assert';
import { KubeError } from '../../../operator/kube/errors.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { answer, ScriptedServer, status } from './scripted-server.ts';

const test = suite('credentials');

interface World {
  server: ScriptedServer;
  folder: string;
  /** What the server takes; anything else gets 401. */
  accept: (token: string) => void;
  tokens: string[];
  clientOf: (user: Omit<User, 'name'>, proxyUrl?: string) => KubeClient;
}

/** A server that accepts one token, and clients of users who get theirs in some way. */
async function world(body: (world: World) => Promise<void>): Promise<void> {
  const server = await ScriptedServer.start();
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-credentials-'));
  const clients: KubeClient[] = [];
  const tokens: string[] = [];
  let accepted = 'one';
  server.handler = (request, response) => {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    tokens.push(token);
    if (token === accepted) answer(response, { ok: true });
    else answer(response, status(401, 'Unauthorized', 'Unauthorized'), 401);
  };
  const clientOf: World['clientOf'] = (user, proxyUrl) => {
    const config = new KubeConfig();
    const cluster = { name: 'c', server: `http://127.0.0.1:${server.port}`, skipTLSVerify: true };
    const proxied = { ...cluster, server: `https://127.0.0.1:${server.port}`, proxyUrl };
    config.loadFromClusterAndUser(proxyUrl === undefined ? cluster : (proxied as typeof cluster), {
      name: 'u',
      ...user,
    });
    const client = KubeClient.fromKubeConfig(config, { metrics: server.metrics });
    clients.push(client);
    return client;
  };
  const accept = (token: string) => {
    accepted = token;
  };
  try {
    await body({ server, folder, tokens, clientOf, accept });
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A user whose token is what this program prints. */
function plugin(program: string): Omit<User, 'name'> {
  return {
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: ['-e', program] },
  };
}

/** The program of a plugin that tells what is in a file. */
function telling(file: string): string {
  return `const token = require('fs').readFileSync(${JSON.stringify(file)}, 'utf8');
    console.log(JSON.stringify({ kind: 'ExecCredential', status: { token } }));`;
}

const GET = { method: 'GET', path: '/api' } as const;

async function failure(call: Promise<unknown>): Promise<KubeError> {
  try {
    await call;
  } catch (error) {
    assert.instance(error, KubeError);
    return error as KubeError;
  }
  throw new Error('It succeeded.');
}

test('an exec plugin is run once for many calls, and again at once when the server rejects its token', () =>
  world(async ({ folder, accept, tokens, clientOf }) => {
    const file = join(folder, 'token');
    writeFileSync(file, 'one');
    const client = clientOf(plugin(telling(file)));
    await client.request(GET);
    writeFileSync(file, 'two');
    await client.request(GET);
    assert.equal(tokens, ['one', 'one']);
    accept('two');
    assert.equal(await client.request(GET), { ok: true });
    assert.equal(tokens, ['one', 'one', 'one', 'two']);
  }));

test("an exec plugin's failure is told in its own words", () =>
  world(async ({ clientOf }) => {
    const client = clientOf(plugin("console.error('log in first'); process.exit(3)"));
    const error = await failure(client.request(GET));
    assert.is(error.reason, 'Credentials');
    assert.match(error.message, 'log in first');
  }));

test('an exec plugin that never ends costs no more than the deadline', () =>
  world(async ({ clientOf }) => {
    // It ends with the pipe it waits for, thus with this process.
    const client = clientOf(plugin('setTimeout(() => {}, 5000)'));
    const started = performance.now();
    const error = await failure(client.request({ ...GET, timeoutMs: 100 }));
    assert.is(error.reason, 'Timeout');
    assert.ok(performance.now() - started < 3_000);
  }));

test('a token file is read again at once when the server rejects what was in it', () =>
  world(async ({ folder, accept, tokens, clientOf }) => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'one');
    // As a pod's service account is configured.
    const client = clientOf({ authProvider: { name: 'tokenFile', config: { tokenFile } } });
    await client.request(GET);
    writeFileSync(tokenFile, 'two');
    accept('two');
    assert.equal(await client.request(GET), { ok: true });
    assert.equal(tokens, ['one', 'one', 'two']);
  }));

test('a token that stays rejected is asked for twice, not for ever', () =>
  world(async ({ folder, accept, tokens, clientOf }) => {
    const file = join(folder, 'token');
    writeFileSync(file, 'one');
    accept('none');
    const error = await failure(clientOf(plugin(telling(file))).request(GET));
    assert.is(error.code, 401);
    assert.equal(tokens, ['one', 'one']);
  }));

test('a SOCKS proxy is refused with a sentence that says what to do', () =>
  world(async ({ clientOf }) => {
    const error = await failure(clientOf({ token: 'one' }, 'socks5://127.0.0.1:1').request(GET));
    assert.is(error.reason, 'Credentials');
    assert.match(error.message, 'use an HTTP proxy or connect directly');
  }));

test("an HTTP proxy's refusal is told with its code", () =>
  world(async ({ clientOf }) => {
    const proxy = createServer();
    proxy.on('connect', (_, socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const error = await failure(clientOf({ token: 'one' }, url).request(GET));
      assert.is(error.code, 0);
      assert.match(error.message, '407');
    } finally {
      proxy.close();
    }
  }));

test.run();
