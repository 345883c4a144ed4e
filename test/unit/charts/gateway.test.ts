import * as assert from 'uvu/assert';
import { renderComponents, renderRoute } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { suite } from '../../harness/suite.ts';
import { find, resolved } from './environments.ts';

const test = suite('Gateways of environments');

type Routing = NonNullable<EnvironmentSpec['routing']>;
interface Listener {
  name: string;
  protocol: string;
  port: number;
  hostname?: string;
  tls?: { mode: string; certificateRefs: { name: string }[] };
  allowedRoutes: { namespaces: { from: string } };
}

const hostnames = ['api.example.com', '*.api.example.com'];
const gatewayOf = (routing: Routing) =>
  find(renderComponents(resolved({ routing })).gateway, 'Gateway', 'shop-gateway');
const listenersOf = (routing: Routing) => (gatewayOf(routing).spec as { listeners: Listener[] }).listeners;
const parentsOf = (routing: Routing) =>
  (
    renderRoute(resolved({ routing }), [{ revision: 'aa', weight: 100 }]).spec as {
      parentRefs: { name: string; namespace: string; sectionName?: string }[];
    }
  ).parentRefs;

test('an environment that uses a Gateway which is there makes none, and attaches to all of its listeners', () => {
  const routing = { gateway: { name: 'public', namespace: 'edge' } };
  assert.equal(renderComponents(resolved({ routing })).gateway, []);
  assert.equal(parentsOf(routing), [{ name: 'public', namespace: 'edge' }]);
});

test('without TLS a Gateway of its own listens to HTTP alone, for routes of its namespace alone', () => {
  const routing = { gateway: { className: 'traefik' }, hostnames };
  assert.equal(listenersOf(routing), [
    { name: 'http', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'Same' } } },
  ]);
  assert.equal(parentsOf(routing), [{ name: 'shop-gateway', namespace: 'market', sectionName: 'http' }]);
  assert.is(renderComponents(resolved({ routing })).gateway.length, 1);
});

const secure = { gateway: { className: 'traefik' }, hostnames, tls: { secretName: 'cert' } };

test('with TLS every host name has its listener, the route attaches to these, and HTTP is sent there', () => {
  const [http, ...https] = listenersOf(secure);
  assert.is(http?.protocol, 'HTTP');
  assert.equal(
    https.map(({ name, protocol, port, hostname }) => [name, protocol, port, hostname]),
    [
      ['https-0', 'HTTPS', 443, 'api.example.com'],
      ['https-1', 'HTTPS', 443, '*.api.example.com'],
    ],
  );
  for (const { tls, allowedRoutes } of https) {
    assert.equal(tls, { mode: 'Terminate', certificateRefs: [{ name: 'cert' }] });
    assert.is(allowedRoutes.namespaces.from, 'Same');
  }
  assert.equal(
    parentsOf(secure).map(({ sectionName }) => sectionName),
    ['https-0', 'https-1'],
  );
  const redirect = find(
    renderComponents(resolved({ routing: secure })).gateway,
    'HTTPRoute',
    'shop-redirect',
  );
  const { parentRefs, rules, ...rest } = redirect.spec as {
    parentRefs: { sectionName: string }[];
    rules: { filters: unknown[] }[];
    hostnames: string[];
  };
  assert.equal(
    parentRefs.map(({ sectionName }) => sectionName),
    ['http'],
  );
  assert.equal(rest.hostnames, hostnames);
  assert.equal(rules[0]?.filters, [
    { type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } },
  ]);
});

test('with TLS and no host name one listener takes every host', () => {
  const routing = { ...secure, hostnames: [] };
  const [, https] = listenersOf(routing);
  assert.is(https?.name, 'https');
  assert.not('hostname' in (https ?? {}));
  assert.is(parentsOf(routing)[0]?.sectionName, 'https');
});

test("an issuer becomes cert-manager's annotation, and the certificate gets a name of its own", () => {
  const annotationsFor = (issuer: NonNullable<NonNullable<Routing['tls']>['issuer']>) =>
    gatewayOf({ ...secure, tls: { issuer } }).metadata.annotations;
  assert.equal(annotationsFor({ name: 'letsencrypt' }), { 'cert-manager.io/cluster-issuer': 'letsencrypt' });
  assert.equal(annotationsFor({ name: 'ours', kind: 'Issuer' }), { 'cert-manager.io/issuer': 'ours' });
  const [, https] = listenersOf({ ...secure, tls: { issuer: { name: 'letsencrypt' } } });
  assert.equal(https?.tls?.certificateRefs, [{ name: 'shop-tls' }]);
  assert.is(gatewayOf(secure).metadata.annotations, undefined);
});

test.run();
