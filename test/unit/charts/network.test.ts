import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import { suite } from '../../harness/suite.ts';
import { everything, resolved, workloads } from './environments.ts';

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
  migration: 3000,
};

test('inside an environment exactly the flows that it needs are allowed', () => {
  const flows: string[] = [];
  for (const from of Object.keys(pods))
    for (const to of Object.keys(pods)) if (allowed(from, to, PORTS[to] ?? 0)) flows.push(`${from} -> ${to}`);
  assert.equal(flows.sort(), [
    'api -> cache',
    'api -> pooler',
    'migration -> database',
    'pooler -> database',
  ]);
});

test('every pod may resolve names, except those that speak to nobody', () => {
  const resolving = Object.keys(pods).filter((component) =>
    rulesFor(pods[component] ?? {}, 'egress').some(
      ({ to, ports }) => !to && ports.some(({ port }) => port === 53),
    ),
  );
  assert.equal(resolving.sort(), ['api', 'migration', 'pooler']);
});

test('the API is open to the namespaces of the operator and of the gateway, and to no other one', () => {
  const peers = rulesFor(pods.api ?? {}, 'ingress').flatMap(({ from }) => from ?? []);
  assert.equal(
    peers.map(({ namespaceSelector }) => Object.values(namespaceSelector?.matchLabels ?? {})[0]),
    ['gateway-system', 'true', 'cryptosense-system'],
  );
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
