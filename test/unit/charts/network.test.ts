import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import { suite } from '../../harness/suite.ts';
import { everything, find, resolved, workloads } from './environments.ts';

const test = suite('network policies');

interface Policy {
  podSelector: { matchLabels: Record<string, string> };
  policyTypes: string[];
  ingress?: Rule[];
  egress?: Rule[];
}
interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports: { port: number }[];
}
interface Peer {
  podSelector?: { matchLabels: Record<string, string> };
  namespaceSelector?: { matchLabels: Record<string, string> };
}

const environment = resolved();
const policies = renderComponents(environment).network.map((manifest) => manifest.spec as Policy);
const pods = Object.fromEntries(
  workloads(everything(environment)).map(({ spec }) => {
    const { labels } = spec.template.metadata;
    return [labels['app.kubernetes.io/component'] ?? '', labels];
  }),
);

/** Whether a pod may open a connection to another of its namespace: both ends have to allow it. */
function allowed(from: string, to: string, port: number): boolean {
  const [source, target] = [pods[from] ?? {}, pods[to] ?? {}];
  const leaves = rulesFor(source, 'egress').some((rule) => permits(rule, rule.to, target, port));
  const arrives = rulesFor(target, 'ingress').some((rule) => permits(rule, rule.from, source, port));
  return leaves && arrives;
}

function rulesFor(labels: Record<string, string>, direction: 'ingress' | 'egress'): Rule[] {
  return policies
    .filter(({ podSelector }) => selects(podSelector, labels))
    .flatMap((policy) => policy[direction] ?? []);
}

function permits(
  rule: Rule,
  peers: Peer[] | undefined,
  labels: Record<string, string>,
  port: number,
): boolean {
  const peer =
    peers === undefined || peers.some((one) => !one.namespaceSelector && selects(one.podSelector, labels));
  return peer && rule.ports.some((one) => one.port === port);
}

function selects(selector: Peer['podSelector'], labels: Record<string, string>): boolean {
  return Object.entries(selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

const PORTS: Record<string, number> = {
  api: 3000,
  pooler: 6432,
  database: 5432,
  cache: 6379,
  predictor: 3000,
  migration: 3000,
};

test('inside an environment exactly the flows that it needs are allowed', () => {
  const flows: string[] = [];
  for (const from of Object.keys(pods))
    for (const to of Object.keys(pods)) if (allowed(from, to, PORTS[to] ?? 0)) flows.push(`${from} -> ${to}`);
  assert.equal(flows.sort(), [
    'api -> cache',
    'api -> pooler',
    'api -> predictor',
    'database -> database',
    'migration -> database',
    'pooler -> database',
    'predictor -> pooler',
  ]);
});

test('a cache with replicas has the flows of replication and of its Sentinels besides, and no other', () => {
  const group = resolved({ cache: { replicas: 2 } });
  const rules = renderComponents(group).network;
  const find = (component: string) =>
    rules.find(({ metadata }) => metadata.name === `shop-network-${component}`)?.spec as Policy;
  const peers = (list: Peer[] | undefined) =>
    (list ?? []).map((peer) => peer.podSelector?.matchLabels['app.kubernetes.io/component']);
  for (const [component, port, from] of [
    ['cache', 6379, ['api', 'cache', 'sentinel']],
    ['sentinel', 26379, ['cache', 'sentinel']],
  ] as const) {
    const policy = find(component);
    assert.equal(
      policy.ingress?.map((rule) => [rule.ports[0]?.port, peers(rule.from)]),
      [[port, from]],
    );
    assert.equal(
      policy.egress?.filter(({ to }) => to).map((rule) => [rule.ports[0]?.port, peers(rule.to)]),
      [
        [6379, ['cache']],
        [26379, ['sentinel']],
      ],
    );
  }
});

test('every pod may resolve names, except those that speak to nobody', () => {
  const resolving = Object.keys(pods).filter((component) =>
    rulesFor(pods[component] ?? {}, 'egress').some(
      ({ to, ports }) => !to && ports.some(({ port }) => port === 53),
    ),
  );
  assert.equal(resolving.sort(), ['api', 'database', 'migration', 'pooler', 'predictor']);
});

function policyOfApi(spec: Parameters<typeof resolved>[0]): Policy {
  return find(renderComponents(resolved(spec)).network, 'NetworkPolicy', 'shop-network-api').spec as Policy;
}

/** Who may reach the pods of the API, besides pods of the environment itself. */
function callers(spec: Parameters<typeof resolved>[0]) {
  return (policyOfApi(spec).ingress ?? []).flatMap(({ from }) => from ?? []);
}
const gateways = { namespaceSelector: { matchLabels: { 'cryptosense.io/gateway': 'true' } } };
const monitoring = { namespaceSelector: { matchLabels: { 'cryptosense.io/monitoring': 'true' } } };
const operator = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'cryptosense-system' } },
};

test('the API is open to the gateway, to Prometheus and to the operator, and to no other namespace', () => {
  const shared = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'gateway-system' } } };
  assert.equal(callers({}), [shared, gateways, monitoring, operator]);
});

test('of a Gateway of its own only the pods that carry its name reach the API from the same namespace', () => {
  const own = { podSelector: { matchLabels: { 'gateway.networking.k8s.io/gateway-name': 'shop-gateway' } } };
  const spec = { routing: { gateway: { className: 'istio' } } };
  assert.equal(callers(spec), [own, gateways, monitoring, operator]);
});

test('clients that are named reach the API, and it reaches the networks that are named', () => {
  const network = {
    clients: [
      { namespaceLabels: { team: 'risk' } },
      { namespaceLabels: { team: 'web' }, podLabels: { app: 'shop' } },
    ],
    egress: [{ cidr: '10.1.0.0/16', ports: [8443, 9092] }],
  };
  assert.equal(callers({ network }).slice(4), [
    { namespaceSelector: { matchLabels: { team: 'risk' } } },
    {
      namespaceSelector: { matchLabels: { team: 'web' } },
      podSelector: { matchLabels: { app: 'shop' } },
    },
  ]);
  assert.equal(policyOfApi({ network }).egress?.at(-1), {
    to: [{ ipBlock: { cidr: '10.1.0.0/16' } }],
    ports: [
      { protocol: 'TCP', port: 8443 },
      { protocol: 'TCP', port: 9092 },
    ],
  });
});

test('with a collector of traces API and predictor reach its port where monitoring is, and no other pod does', () => {
  const egressOf = (endpoint: string | undefined) =>
    Object.fromEntries(
      renderComponents(
        resolved({
          release: {
            image: 'cryptosense-api:1.0.0',
            ...(endpoint === undefined ? {} : { config: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } }),
          },
          network: { egress: [{ cidr: '10.1.0.0/16', ports: [4318] }] },
        }),
      ).network.map(({ metadata, spec }) => [metadata.name, (spec as Policy).egress ?? []]),
    );
  const before = egressOf(undefined);
  const named = { to: [{ ipBlock: { cidr: '10.1.0.0/16' } }], ports: [{ protocol: 'TCP', port: 4318 }] };
  for (const [endpoint, port] of [
    ['http://jaeger.monitoring:4318', 4318],
    ['https://traces.example.com', 443],
    ['http://jaeger', 80],
  ] as const) {
    const collector = { to: [monitoring], ports: [{ protocol: 'TCP', port }] };
    for (const [name, rules] of Object.entries(egressOf(endpoint))) {
      const more = rules.filter((rule) => !before[name]?.some((one) => isDeepStrictEqual(one, rule)));
      if (name === 'shop-network-api') assert.equal(more, [collector]);
      else if (name === 'shop-network-predictor') assert.equal(more, [collector, named]);
      else assert.equal(more, [], name);
    }
  }
  assert.equal(egressOf('no address'), before);
});

test('there is no policy at all when they are switched off', () => {
  assert.equal(renderComponents(resolved({ network: { policies: false } })).network, []);
});

test('the policy that allows nothing is written after those that allow', () => {
  const names = renderComponents(environment).network.map(({ metadata }) => metadata.name);
  assert.is(names.at(-1), 'shop-network-default');
});

test('every pod is under the policy that allows nothing', () => {
  for (const [component, labels] of Object.entries(pods)) {
    const shut = policies.filter(
      (policy) => !policy.ingress && !policy.egress && selects(policy.podSelector, labels),
    );
    assert.is(shut.length, 1, component);
    assert.equal(shut[0]?.policyTypes, ['Ingress', 'Egress']);
  }
});

test.run();
