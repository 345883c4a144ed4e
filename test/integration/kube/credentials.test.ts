import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig, type User } from '@kubernetes/client-node';
import * as assert from 'uvu/assert';
import { create, remove } from '../../../operator/kube/apply.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { defaultKubeConfig } from '../../../operator/kube/kubeconfig.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import type { Resource } from '../../../operator/kube/resources.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { CertificateAuthority } from '../certificate-authority.ts';
import { eventually } from '../processes.ts';
import { CuttableProxy } from './cuttable-proxy.ts';
import { CONFIG_MAPS, configMap } from './things.ts';

const test = suite('credentials and a real API server');
const folder = mkdtempSync(join(tmpdir(), 'cryptosense-credentials-'));
const authority = new CertificateAuthority();
const SERVICE_ACCOUNTS: Resource = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  namespaced: true,
  kind: 'ServiceAccount',
};
let server: ApiServer;
let admin: KubeClient;

test.before(async () => {
  const ca = join(folder, 'clients-ca.crt');
  writeFileSync(ca, authority.certificate);
  server = await startApiServer({
    users: ['alice', 'bob'],
    flags: [`--client-ca-file=${ca}`],
  });
  admin = server.client();
});
test.after(async () => {
  await admin?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function configOf(user: Omit<User, 'name'>, url = server.url): KubeConfig {
  const [cluster] = server.configFor('admin').clusters;
  if (cluster === undefined) throw new Error('The API server has no configuration.');
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ ...cluster, server: url }, { name: 'u', ...user });
  return config;
}

/** Whom the server takes the client for. A POST, which no client repeats by itself after a lost connection. */
async function whoAmI(client: KubeClient): Promise<string> {
  const answer = await client.request<{ status: { userInfo: { username: string } } }>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  return answer.status.userInfo.username;
}

/** Asks without a pause, four at a time, until told to stop. */
function asking(client: KubeClient) {
  const names: string[] = [];
  const failures: unknown[] = [];
  let isStopped = false;
  const loop = async () => {
    while (!isStopped) {
      try {
        const name = await whoAmI(client);
        if (names.at(-1) !== name) names.push(name);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const loops = Promise.all(Array.from({ length: 4 }, loop));
  const stop = async () => {
    isStopped = true;
    await loops;
  };
  return { names, failures, stop };
}

test('a client certificate replaced on disk is used from then on, the old connections drain, and no request is lost', async () => {
  const certFile = join(folder, 'client.crt');
  const keyFile = join(folder, 'client.key');
  const [before, after] = [
    authority.sign('before', ['system:masters']),
    authority.sign('after', ['system:masters']),
  ];
  writeFileSync(certFile, before.cert);
  writeFileSync(keyFile, before.key);
  const proxy = await CuttableProxy.before(server.url);
  const client = KubeClient.fromKubeConfig(configOf({ certFile, keyFile }, proxy.url));
  const stop = new AbortController();
  const seen: string[] = [];
  const reflector = new Reflector({
    client,
    resource: CONFIG_MAPS,
    log: silentLog,
    onChange: (_, { metadata }) => seen.push(metadata.name),
  });
  const following = reflector.start(stop.signal);
  const { names, failures, stop: stopAsking } = asking(client);
  try {
    await reflector.synced;
    await eventually('the first certificate is used', () => names.length === 1);
    // The key comes later than a look at the files: for a while they are no pair.
    writeFileSync(certFile, after.cert);
    // Longer than from one look at the files to the next (5 s): that nothing happens can only be waited for.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    assert.equal(names, ['before']);
    assert.equal(failures, []);
    assert.is(proxy.opened, proxy.open, 'no connection was given up for half of a pair');
    const old = proxy.opened;
    writeFileSync(keyFile, after.key);
    await eventually('the second certificate is used', () => names.includes('after'));
    await create(admin, CONFIG_MAPS, configMap('after-the-rotation'));
    await eventually('the watch goes on', () => seen.includes('after-the-rotation'));
    await eventually('the old connections are closed but for the watch', () => {
      const closed = proxy.opened - proxy.open;
      return closed >= old - 1;
    });
    assert.is(proxy.opened - proxy.open, old - 1);
    await stopAsking();
    assert.equal(failures, []);
    assert.is(reflector.counts.watches, 1, 'the watch was not begun anew');
    // Two requests that were sent before and after the change may come back the other way round.
    assert.is(names[0], 'before');
    assert.is(names.at(-1), 'after');
  } finally {
    await stopAsking();
    stop.abort();
    await following;
    await client.close();
    await proxy.stop();
  }
});

test('a token file that is replaced is read again, and no request fails when the old token is revoked', async () => {
  const tokenFile = join(folder, 'token');
  const tokenOf = async (name: string) => {
    await create(admin, SERVICE_ACCOUNTS, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: 'default' },
    });
    const { status } = await admin.request<{ status: { token: string } }>({
      method: 'POST',
      path: `/api/v1/namespaces/default/serviceaccounts/${name}/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    return status.token;
  };
  writeFileSync(tokenFile, await tokenOf('first'));
  const kubeconfig = join(folder, 'kubeconfig');
  // As a person writes it: kubeconfig's own field, with a path that starts at the file.
  const exported = JSON.parse(configOf({}).exportConfig());
  exported.users = [{ name: 'u', user: { tokenFile: 'token' } }];
  writeFileSync(kubeconfig, JSON.stringify(exported));
  const { KUBECONFIG } = process.env;
  process.env.KUBECONFIG = kubeconfig;
  const client = KubeClient.fromKubeConfig(defaultKubeConfig());
  if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
  else process.env.KUBECONFIG = KUBECONFIG;
  const { names, failures, stop } = asking(client);
  try {
    await eventually('the first token is used', () => names.length === 1);
    writeFileSync(tokenFile, await tokenOf('second'));
    await remove(admin, SERVICE_ACCOUNTS, 'default', 'first');
    await eventually('the second token is used', () => names.length > 1);
    await stop();
    assert.equal(names, ['system:serviceaccount:default:first', 'system:serviceaccount:default:second']);
    assert.equal(failures, []);
  } finally {
    await stop();
    await client.close();
  }
});

/** A user whose credential is what a program prints. The program also counts its runs. */
function plugin(program: string): Omit<User, 'name'> {
  const file = join(folder, 'plugin.cjs');
  const count = `require('fs').appendFileSync(${JSON.stringify(join(folder, 'runs'))}, process.env.KUBERNETES_EXEC_INFO + '\\n');`;
  writeFileSync(file, `${count}\n${program}`);
  writeFileSync(join(folder, 'runs'), '');
  return {
    exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args: [file] },
  };
}
const runs = () => readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n');

function credential(file: string, lifeMs: number): string {
  return `const token = require('fs').readFileSync(${JSON.stringify(file)}, 'utf8');
    const expirationTimestamp = new Date(Date.now() + ${lifeMs}).toISOString();
    console.log(JSON.stringify({ kind: 'ExecCredential', status: { token, expirationTimestamp } }));`;
}

test("an exec plugin runs once for all requests, and again when its credential's time is over", async () => {
  const file = join(folder, 'plugin-token');
  writeFileSync(file, server.configFor('alice').users[0]?.token ?? '');
  const client = KubeClient.fromKubeConfig(configOf(plugin(credential(file, 2_000))));
  const { names, failures, stop } = asking(client);
  try {
    await eventually('the first credential is used', () => names.length === 1);
    assert.is(runs().length, 1);
    const info = JSON.parse(runs()[0] ?? '{}');
    assert.equal(info.spec, { interactive: false });
    assert.is(info.apiVersion, 'client.authentication.k8s.io/v1');
    writeFileSync(file, server.configFor('bob').users[0]?.token ?? '');
    await eventually('the second credential is used', () => names.length === 2);
    await stop();
    assert.equal(names, ['alice', 'bob']);
    assert.equal(failures, []);
    assert.is(runs().length, 2);
  } finally {
    await stop();
    await client.close();
  }
});

async function refusalOf(user: Omit<User, 'name'>): Promise<string> {
  const metrics = createMetrics();
  const client = KubeClient.fromKubeConfig(configOf(user), { metrics });
  try {
    await whoAmI(client);
  } catch (error) {
    assert.instance(error, KubeError);
    return (error as KubeError).message;
  } finally {
    await client.close();
  }
  throw new Error('It succeeded.');
}

test('a plugin that fails, prints nonsense or is missing costs one sentence without a secret', async () => {
  const asked = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews: Credentials: the credential plugin';
  const failing = plugin(
    "console.error('\\nlogin expired, sent token=hunter2 as Bearer hunter3\\nat line 7'); process.exit(3)",
  );
  assert.is(
    await refusalOf(failing),
    `${asked} node of the kubeconfig failed: login expired, sent token=… as Bearer …`,
  );
  assert.is(
    await refusalOf(plugin('process.exit(1)')),
    `${asked} node of the kubeconfig failed and said nothing`,
  );
  const nonsense = await refusalOf(plugin('console.log(\'{"status": {"token": "hunter2"\')'));
  assert.not.match(nonsense, 'hunter2');
  assert.match(nonsense, 'did not print an ExecCredential in JSON');
  const missing = { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-plugin' } };
  assert.is(
    await refusalOf(missing),
    `${asked} no-such-plugin of the kubeconfig is not installed: put it on the PATH`,
  );
});

test('a certificate without its key is refused with a sentence before anything is sent', async () => {
  const [one, other] = [authority.sign('one'), authority.sign('other')];
  const certData = Buffer.from(one.cert).toString('base64');
  const keyData = Buffer.from(other.key).toString('base64');
  const message = await refusalOf({ certData, keyData });
  assert.match(message, 'Credentials: the client certificate cannot be used');
});

test.run();
