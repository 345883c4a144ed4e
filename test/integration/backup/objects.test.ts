import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type BackupObjects, clusterObjects } from '../../../backup/objects.ts';
import { renderComponents } from '../../../charts/render.ts';
import { customResourceDefinitions } from '../../../operator/api/crd.ts';
import { BACKUP_KIND } from '../../../operator/api/well-known.ts';
import { judged } from '../../../operator/backup/record.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { serverSideApply } from '../../../operator/kube/apply.ts';
import type { Manifest } from '../../../operator/kube/resources.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from '../../unit/charts/environments.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { CRDS } from '../kube/things.ts';
import { eventually } from '../processes.ts';

const test = suite('The account of the Jobs that take backups');
const NAMESPACE = 'default';

let server: ApiServer;
let folder: string;
let token: string;
let objects: BackupObjects;

test.before(async () => {
  server = await startApiServer();
  folder = await mkdtemp(join(tmpdir(), 'backup-account-'));
  const client = server.client();
  try {
    const crd = customResourceDefinitions().find(({ spec }) => spec.names.kind === BACKUP_KIND);
    await serverSideApply(client, CRDS, crd as unknown as Manifest, { fieldManager: 'test' });
    const bucket = { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3' };
    const environment = resolved({ backup: { enabled: true, bucket, encryptionSecret: 'key' } });
    const { backup } = renderComponents({ ...environment, namespace: NAMESPACE });
    for (const resource of [RESOURCES.serviceAccounts, RESOURCES.roles, RESOURCES.roleBindings]) {
      const manifest = backup.find(({ kind }) => kind === resource.kind) as Manifest | undefined;
      assert.ok(manifest, resource.kind);
      await serverSideApply(client, resource, manifest as Manifest, { fieldManager: 'test' });
    }
    const { status } = await client.request<{ status: { token: string } }>({
      method: 'POST',
      path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/shop-backup/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
    });
    token = status.token;
  } finally {
    await client.close();
  }
  const [cluster] = server.configFor('admin').clusters;
  await writeFile(join(folder, 'token'), token);
  await writeFile(join(folder, 'ca.crt'), Buffer.from(cluster?.caData ?? '', 'base64'));
  const { hostname: host, port } = new URL(server.url);
  objects = clusterObjects(NAMESPACE, 'shop-backup-29733480', { host, port, account: folder });
  // The definition is served, and the rights are known, a moment after they were written.
  await eventually('the account may read backups', () =>
    objects.get('none').then(
      (found) => found === undefined,
      () => false,
    ),
  );
});
test.after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('makes a backup once, and writes what became of it in a form that the API server takes', async () => {
  await objects.create('nightly', { environment: 'shop', type: 'full' });
  await objects.create('nightly', { environment: 'shop', type: 'dump' });
  const verdict = { type: 'Completed', status: 'True', reason: 'Complete', message: 'It is there.' } as const;
  const status = judged({ sizeBytes: 5, durationSeconds: 1.5, stanza: 'shop-1' }, verdict, Date.now());
  await objects.writeStatus('nightly', status);
  const found = await objects.get('nightly');
  assert.equal(found?.spec, { environment: 'shop', type: 'full' });
  assert.equal(found?.status, status);
});

test('a status that is none is refused with a sentence', async () => {
  await objects.create('wrong', { environment: 'shop', type: 'full' });
  const write = objects.writeStatus('wrong', { startedAt: 'yesterday' });
  await write.then(
    () => assert.unreachable('it was taken'),
    (error: Error) => assert.match(error.message, /^writing the status of wrong was refused .*startedAt/),
  );
});

test('may do nothing else: neither list nor delete backups, nor read a Secret, nor change what was asked for', async () => {
  const forbidden: [method: string, path: string][] = [
    ['GET', `/apis/cryptosense.io/v1alpha1/namespaces/${NAMESPACE}/cryptosensebackups`],
    ['DELETE', `/apis/cryptosense.io/v1alpha1/namespaces/${NAMESPACE}/cryptosensebackups/nightly`],
    ['PATCH', `/apis/cryptosense.io/v1alpha1/namespaces/${NAMESPACE}/cryptosensebackups/nightly`],
    ['GET', `/apis/cryptosense.io/v1alpha1/namespaces/${NAMESPACE}/cryptosenseenvironments/shop`],
    ['GET', `/api/v1/namespaces/${NAMESPACE}/secrets/shop-credentials`],
    ['GET', `/api/v1/namespaces/${NAMESPACE}/pods`],
    ['POST', `/api/v1/namespaces/${NAMESPACE}/pods/shop-database-0/exec`],
  ];
  const config = server.configFor('admin');
  config.users[0] = { name: 'admin', token };
  const client = KubeClient.fromKubeConfig(config);
  try {
    for (const [method, path] of forbidden) {
      const asked = client.request({ method, path, body: method === 'GET' ? undefined : {} } as never);
      const code = await asked.then(
        () => 200,
        (error: { code?: number }) => error.code,
      );
      assert.is(code, 403, `${method} ${path}`);
    }
  } finally {
    await client.close();
  }
});

test.run();
