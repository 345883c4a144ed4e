import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { gatewayProblem } from '../../../operator/environment/gateway.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from '../charts/environments.ts';
import { QUICK, World } from './world.ts';

const test = suite("an environment's own Gateway");

type Tls = NonNullable<EnvironmentSpec['routing']>['tls'];
const routing = (tls?: Tls) => ({
  gateway: { className: 'traefik' },
  hostnames: ['api.example.com'],
  ...(tls ? { tls } : {}),
});

interface Answer {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

/** What is wrong with a Gateway of generation 2 and this status, in a cluster with these other objects and types. */
function problem(
  status: { conditions?: Answer[]; listeners?: { name: string; conditions: Answer[] }[] } | undefined,
  known: { tls?: Tls; lacking?: string[]; certificate?: object; generation?: number } = {},
) {
  const now = (answers: Answer[] = []) =>
    answers.map((answer) => ({ observedGeneration: known.generation ?? 2, ...answer }));
  const metadata = { name: 'shop-gateway', uid: 'g', resourceVersion: '1', generation: 2 };
  const live: Record<string, Live> = {
    Gateway: {
      apiVersion: 'v1',
      kind: 'Gateway',
      metadata,
      status: {
        conditions: now(status?.conditions),
        listeners: status?.listeners?.map(({ name, conditions }) => ({ name, conditions: now(conditions) })),
      },
    },
    ...(known.certificate
      ? { Certificate: { apiVersion: 'v1', kind: 'Certificate', metadata, status: known.certificate } }
      : {}),
  };
  return gatewayProblem({
    resolved: resolved({ routing: routing(known.tls) }),
    live: ({ kind }) => (kind === 'Gateway' && !status ? undefined : live[kind]),
    has: (kind) => !known.lacking?.includes(kind),
  });
}

const good = [
  { type: 'Accepted', status: 'True' },
  { type: 'Programmed', status: 'True' },
];

test('one that is programmed is no problem, and neither is one that others made', () => {
  assert.is(problem({ conditions: good }), undefined);
  const shared = { resolved: resolved(), live: () => undefined, has: () => true };
  assert.is(gatewayProblem(shared), undefined);
});

test('every way in which it does not serve has a reason of its own and says what to do', () => {
  const [accepted] = good as [Answer];
  const answers: [ReturnType<typeof problem>, string, RegExp][] = [
    [problem(undefined), 'GatewayMissing', /market\/shop-gateway is being created/],
    [
      problem({ conditions: [{ type: 'Accepted', status: 'Unknown', message: 'Waiting for controller' }] }),
      'GatewayNotAccepted',
      /is there one for GatewayClass traefik\?$/,
    ],
    [
      problem({ conditions: [{ type: 'Accepted', status: 'False', message: 'no such parameters' }] }),
      'GatewayNotAccepted',
      /Accepted is False: no such parameters\.$/,
    ],
    [
      problem({ conditions: [accepted, { type: 'Programmed', status: 'False', message: 'no address' }] }),
      'GatewayNotProgrammed',
      /Programmed is False: no address\.$/,
    ],
    [problem({ conditions: [accepted] }), 'GatewayNotProgrammed', /has not set it up yet\.$/],
    [problem({ conditions: good }, { generation: 1 }), 'GatewayNotAccepted', /no controller/],
    [
      problem({
        conditions: good,
        listeners: [
          { name: 'https-0', conditions: [{ type: 'Accepted', status: 'False', reason: 'PortUnavailable' }] },
        ],
      }),
      'ListenerRefused',
      /listener https-0: Accepted is False: PortUnavailable\.$/,
    ],
  ];
  for (const [found, reason, message] of answers) {
    assert.is(found?.reason, reason);
    assert.match(found?.message ?? '', message);
  }
});

const withoutCertificate = {
  conditions: good,
  listeners: [
    {
      name: 'https-0',
      conditions: [{ type: 'ResolvedRefs', status: 'False', reason: 'InvalidCertificateRef' }],
    },
  ],
};

test('a Secret that is missing is named, with the command that makes it', () => {
  const found = problem(withoutCertificate, { tls: { secretName: 'cert' } });
  assert.is(found?.reason, 'CertificateMissing');
  assert.match(
    found?.message ?? '',
    /Secret market\/cert is missing .*kubectl -n market create secret tls cert /,
  );
});

test('of a certificate that cert-manager makes its own words are told', () => {
  const tls = { issuer: { name: 'letsencrypt' } };
  const words = { conditions: [{ type: 'Ready', status: 'False', message: 'Waiting on order.' }] };
  assert.match(
    problem(withoutCertificate, { tls, certificate: words })?.message ?? '',
    /Certificate shop-tls: Ready is False: Waiting on order\.$/,
  );
  assert.match(
    problem(withoutCertificate, { tls })?.message ?? '',
    /is there ClusterIssuer letsencrypt, and does cert-manager watch Gateways \(--enable-gateway-api\)\?$/,
  );
});

test('an issuer in a cluster without cert-manager is said in one sentence', () => {
  const found = problem({ conditions: good }, { tls: { issuer: { name: 'le' } }, lacking: ['Certificate'] });
  assert.is(found?.reason, 'CertManagerMissing');
  assert.match(found?.message ?? '', /^routing\.tls\.issuer names le, and the cluster has no cert-manager: /);
});

test('an environment with TLS is Ready when its certificate is there, and its endpoint is https', async () => {
  const world = new World();
  world.cluster.hasCertificates = false;
  world.create({ ...QUICK, routing: routing({ secretName: 'cert' }) });
  await world.until(() => world.condition('RoutingReady')?.reason === 'CertificateMissing');
  assert.is(world.condition('Ready')?.status, 'False');
  world.cluster.hasCertificates = true;
  await world.rest();
  assert.is(world.condition('Ready')?.status, 'True');
  assert.is(world.status.endpoint, 'https://api.example.com');
  assert.equal(world.failures, []);
});

test('without a host name the endpoint is the address of the Gateway', async () => {
  const world = new World().create({ ...QUICK, routing: { gateway: { className: 'traefik' } } });
  await world.rest();
  assert.is(world.status.endpoint, 'http://192.0.2.7');
});

test('back to the shared Gateway, the own one and its redirect are deleted and nothing of the release changes', async () => {
  const world = new World().create({ ...QUICK, routing: routing({ secretName: 'cert' }) });
  await world.rest();
  const { stable } = world.status;
  world.edit((spec) => {
    spec.routing = {};
  });
  await world.rest();
  assert.is(world.server.get('Gateway', 'shop-gateway'), undefined);
  assert.is(world.server.get('HTTPRoute', 'shop-redirect'), undefined);
  assert.ok(world.server.get('HTTPRoute', 'shop-api'));
  assert.equal(world.status.stable, stable);
  assert.equal(world.cluster.broken, []);
});

test('an issuer without a host name is refused before anything is written', async () => {
  const world = new World().create({
    ...QUICK,
    routing: { gateway: { className: 'traefik' }, hostnames: [], tls: { issuer: { name: 'le' } } },
  });
  await world.rest();
  assert.is(world.condition('Stalled')?.reason, 'InvalidSpec');
  assert.match(world.condition('Stalled')?.message ?? '', /name them in spec\.routing\.hostnames/);
  assert.is(world.server.list('Gateway').length, 0);
});

test('a ServiceMonitor is written as soon as the cluster knows the type, without anything else happening', async () => {
  const world = new World().lack('ServiceMonitor').create();
  await world.rest();
  assert.is(world.server.get('ServiceMonitor', 'shop'), undefined);
  assert.is(world.condition('MonitoringReady')?.reason, 'ServiceMonitorMissing');
  assert.is(world.condition('Ready')?.status, 'True');
  world.lack();
  await world.rest();
  assert.ok(world.server.get('ServiceMonitor', 'shop'));
  assert.is(world.condition('MonitoringReady')?.status, 'True');
});

test('it is written in the middle of a release, too', async () => {
  const world = new World().lack('ServiceMonitor').create();
  await world.rest();
  world.release('api:2');
  await world.until(() => (world.status.candidate?.weight ?? 0) > 0);
  world.lack();
  await world.until(() => world.server.get('ServiceMonitor', 'shop') !== undefined, 5);
  assert.ok(world.status.candidate);
});

test.run();
