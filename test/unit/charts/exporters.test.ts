import { equal, is, match, ok } from 'uvu/assert';
import { EXPORTERS, type Exported } from '../../../charts/exporters.ts';
import { renderComponents } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { suite } from '../../harness/suite.ts';
import { find, resolved, workloads } from './environments.ts';

const test = suite('Exporters');

const COMPONENTS = Object.keys(EXPORTERS) as Exported[];
const componentsOf = (spec: Partial<EnvironmentSpec>) => renderComponents(resolved(spec));
const podOf = (spec: Partial<EnvironmentSpec>, component: Exported) => {
  const [found] = workloads(componentsOf(spec)[component]);
  if (found === undefined) throw new Error(`${component} has no workload`);
  return found.spec.template.spec as unknown as {
    containers: {
      name: string;
      env?: { name: string; value?: string; valueFrom?: unknown }[];
      ports: { name: string; containerPort: number }[];
      readinessProbe?: object;
      volumeMounts: { name: string; mountPath: string }[];
    }[];
    volumes: { name: string }[];
  };
};

test('there is one in each pod of PostgreSQL, PgBouncer and Redis in staging and production, and none elsewhere', () => {
  for (const component of COMPONENTS) {
    for (const tier of ['staging', 'production'] as const) {
      const names = podOf({ tier }, component).containers.map(({ name }) => name);
      equal(names.slice(-1), ['exporter'], `${tier} ${component}`);
    }
    for (const tier of ['local', 'development'] as const)
      ok(!podOf({ tier }, component).containers.some(({ name }) => name === 'exporter'));
  }
});

test('what a pod is without one is not touched', () => {
  for (const component of COMPONENTS) {
    const without = podOf({ tier: 'local' }, component);
    const on = podOf({ tier: 'local', observability: { exporters: { enabled: true } } }, component);
    const [first, exporter] = on.containers;
    equal({ ...first, volumeMounts: [] }, { ...without.containers[0], volumeMounts: [] });
    for (const { name } of exporter?.volumeMounts ?? [])
      ok(
        on.volumes.some((volume) => volume.name === name),
        `${component}: volume ${name}`,
      );
  }
});

test('the login to PostgreSQL is one that the exporter can read, which takes it apart at every space', () => {
  const [login] = podOf({ tier: 'production' }, 'database').containers.at(-1)?.env ?? [];
  const words = login?.value?.split(' ') ?? [];
  ok(words.length > 4);
  equal(
    words.filter((word) => !word.includes('=') && word !== ''),
    [],
  );
});

test('it does not see the token of the members of a database', () => {
  const exporter = podOf({ tier: 'production' }, 'database').containers.at(-1);
  ok(
    exporter?.volumeMounts.some(
      ({ mountPath }) => mountPath === '/var/run/secrets/kubernetes.io/serviceaccount',
    ),
  );
});

test('it holds nobody up and no secret is in its variables', () => {
  for (const component of COMPONENTS) {
    const exporter = podOf({ tier: 'production' }, component).containers.at(-1);
    is(exporter?.readinessProbe, undefined);
    for (const { value, valueFrom } of exporter?.env ?? []) {
      is(valueFrom, undefined);
      ok(!/password/i.test(value ?? ''), component);
    }
  }
});

test('Prometheus finds each by a Service, and is the only one to be let in', () => {
  const { monitoring } = componentsOf({ tier: 'production' });
  for (const component of COMPONENTS) {
    const { ports, selector } = find(monitoring, 'Service', `shop-${component}-metrics`).spec as {
      ports: { name: string; port: number; targetPort: string }[];
      selector: Record<string, string>;
    };
    is(selector['app.kubernetes.io/component'], component);
    const [port] = ports;
    const container = podOf({ tier: 'production' }, component).containers.at(-1);
    equal(container?.ports, [{ name: port?.targetPort, containerPort: port?.port }]);
  }
  const { ingress } = find(monitoring, 'NetworkPolicy', 'shop-network-metrics').spec as {
    ingress: { from: object[]; ports: { port: number }[] }[];
  };
  equal(ingress[0]?.from, [{ namespaceSelector: { matchLabels: { 'cryptosense.io/monitoring': 'true' } } }]);
  equal(
    ingress[0]?.ports.map(({ port }) => port),
    COMPONENTS.map((component) => EXPORTERS[component].port),
  );
});

test('PgBouncer has a socket only where somebody asks by it', () => {
  const ini = (spec: Partial<EnvironmentSpec>) =>
    (find(componentsOf(spec).pooler, 'ConfigMap', 'shop-pooler').data as Record<string, string>)[
      'pgbouncer.ini'
    ];
  match(ini({ tier: 'production' }) ?? '', /^unix_socket_dir = \/var\/run\/pgbouncer$/m);
  match(ini({ tier: 'local' }) ?? '', /^unix_socket_dir =$/m);
});

test('without a ServiceMonitor there are no Services for it, and without policies none', () => {
  const { monitoring } = componentsOf({
    tier: 'production',
    network: { policies: false },
    observability: { serviceMonitor: { enabled: false } },
  });
  equal(
    monitoring.map(({ kind }) => kind),
    ['PrometheusRule'],
  );
});

test.run();
