import { equal, is, match } from 'uvu/assert';
import { LEASE_RULES, RULES } from '../../../charts/rights.ts';
import { headersOf } from '../../../operator/environment/measure/headers.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create } from '../../../operator/kube/apply.ts';
import type { Resource } from '../../../operator/kube/resources.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { eventually } from '../processes.ts';

const test = suite('Headers from Secrets at a real API server');

const OPERATOR = 'operator';
const apiGroup = 'rbac.authorization.k8s.io';
const rbac = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: apiGroup,
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const subjects = [{ apiGroup, kind: 'User', name: OPERATOR }];
let server: ApiServer;
let admin: KubeClient;
let operator: KubeClient;

/** A Role (or ClusterRole) with these rules for the operator. */
async function grant(name: string, rules: object[], scope: 'Cluster' | ''): Promise<void> {
  const where = scope === '' ? { namespace: 'default' } : {};
  const kinds = { role: `${scope}Role`, binding: `${scope}RoleBinding` };
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name, ...where };
  const isNamespaced = scope === '';
  await create(admin, rbac(`${kinds.role.toLowerCase()}s`, kinds.role, isNamespaced), {
    ...{ apiVersion, kind: kinds.role, metadata, rules },
  });
  await create(admin, rbac(`${kinds.binding.toLowerCase()}s`, kinds.binding, isNamespaced), {
    ...{ apiVersion, kind: kinds.binding, metadata, subjects },
    roleRef: { apiGroup, kind: kinds.role, name },
  });
}

test.before(async () => {
  server = await startApiServer({ users: [OPERATOR] });
  admin = server.client();
  operator = KubeClient.fromKubeConfig(server.configFor(OPERATOR));
  await grant('operator', [...RULES, ...LEASE_RULES], 'Cluster');
  for (const name of ['status-page', 'other'])
    await create(admin, RESOURCES.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'default' },
      stringData: { authorization: 'Bearer s3cret\n', broken: 'two\nlines-s3cret' },
    });
});

test.after(async () => {
  await operator?.close();
  await admin?.close();
  await server?.stop();
});

const header = (name: string, key = 'authorization') => [{ name: 'Authorization', secret: { name, key } }];
const refusal = (written: ReturnType<typeof header>) =>
  headersOf(written, 'default', operator).then(
    () => 'it was read',
    (error: Error) => error.message,
  );

test('with the rights of its installation alone the operator reads no Secret, and says what it needs', async () => {
  match(await refusal(header('status-page')), /may not read Secret status-page: give it a Role/);
});

test('with the Role of the documentation it reads that one Secret and no other', async () => {
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: ['status-page'] }];
  await grant('read-status-page', rules, '');
  await eventually('the Role counts', async () => (await refusal(header('status-page'))) === 'it was read');
  equal(await headersOf(header('status-page'), 'default', operator), { Authorization: 'Bearer s3cret' });
  match(await refusal(header('other')), /may not read Secret other/);
});

test('a key that is not there, and a value that no header may have, are said without the value', async () => {
  is(await refusal(header('status-page', 'token')), 'Secret status-page has no key token');
  is(
    await refusal(header('status-page', 'broken')),
    'the value of header Authorization has characters that no header may have',
  );
});

test.run();
