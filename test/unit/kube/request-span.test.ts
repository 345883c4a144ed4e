import * as assert from 'uvu/assert';
import { aboutRequest } from '../../../operator/kube/request-span.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('spans of requests');

const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';

for (const [method, path, contentType, name, object, namespace] of [
  ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/web', APPLY, 'apply deployments.apps', 'web', 'shop'],
  ['PATCH', '/api/v1/namespaces/shop/services/web', MERGE, 'patch services', 'web', 'shop'],
  [
    'PATCH',
    '/apis/cryptosense.io/v1alpha1/namespaces/shop/cryptosenseenvironments/prod/status',
    APPLY,
    'apply cryptosenseenvironments.cryptosense.io/status',
    'prod',
    'shop',
  ],
  ['POST', '/api/v1/namespaces/shop/secrets', undefined, 'create secrets', undefined, 'shop'],
  ['GET', '/api/v1/namespaces/shop/pods', undefined, 'list pods', undefined, 'shop'],
  ['GET', '/api/v1/namespaces/shop/pods/a', undefined, 'get pods', 'a', 'shop'],
  ['DELETE', '/apis/batch/v1/namespaces/shop/jobs/a', undefined, 'delete jobs.batch', 'a', 'shop'],
  ['GET', '/api/v1/namespaces/shop', undefined, 'get namespaces', 'shop', undefined],
  ['GET', '/api/v1/nodes', undefined, 'list nodes', undefined, undefined],
  ['GET', '/version', undefined, 'list', undefined, undefined],
] as const) {
  test(`${method} ${path} is "${name}"`, () => {
    const about = aboutRequest({ method, path, ...(contentType ? { contentType } : {}) });
    assert.is(about.name, name);
    assert.is(about.facts['k8s.object.name'], object);
    assert.is(about.facts['k8s.namespace.name'], namespace);
    assert.is(about.facts['http.request.method'], method);
  });
}

test('what is created has its name in the body alone', () => {
  const body = { metadata: { name: 'web' }, data: { password: 'hidden' } };
  const about = aboutRequest({ method: 'POST', path: '/api/v1/namespaces/shop/secrets', body });
  assert.is(about.facts['k8s.object.name'], 'web');
  assert.not.match(JSON.stringify(about), 'hidden');
});

test.run();
