import * as assert from 'uvu/assert';
import { renderComponents, renderRevision, renderRoute } from '../../../charts/render.ts';
import { releaseInputs } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';
import {
  everything,
  find,
  operatorManifests,
  resolved,
  revisionOf,
  TIERS,
  workloads,
} from './environments.ts';

const test = suite('rendering');

test('the same environment gives equal objects, in the same order and with the same text', () => {
  for (const tier of TIERS) {
    const twice = [everything(resolved({ tier })), everything(resolved({ tier }))];
    assert.is(JSON.stringify(twice[0]), JSON.stringify(twice[1]));
  }
});

test('changing what was rendered changes nothing that is rendered later', () => {
  const environment = resolved();
  const before = JSON.stringify(everything(environment));
  for (const manifest of everything(environment)) {
    manifest.metadata.name = 'changed';
    Object.assign(manifest.metadata.labels ?? {}, { changed: 'yes' });
  }
  assert.is(JSON.stringify(everything(environment)), before);
});

test('every object is in the namespace of its environment and carries its labels', () => {
  for (const { kind, metadata } of everything(resolved())) {
    assert.is(metadata.namespace, 'market', `${kind} ${metadata.name}`);
    assert.is(metadata.labels?.['app.kubernetes.io/managed-by'], 'cryptosense-operator', kind);
    assert.is(metadata.labels?.['cryptosense.io/environment'], 'shop', kind);
    assert.is(metadata.ownerReferences, undefined, kind);
  }
});

test('no name of an object is above 63 characters when that of the environment has 40', () => {
  const name = 'e'.repeat(40);
  for (const { kind, metadata } of everything(resolved({}, name)))
    assert.ok(metadata.name.length <= 63, `${kind} ${metadata.name}`);
});

test('two objects of one kind never have the same name', () => {
  const keys = everything(resolved()).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  assert.is(new Set(keys).size, keys.length);
});

test('selectors are made of our own labels, never of construct paths, and select the pods of their template', () => {
  for (const { name, spec } of workloads([...everything(resolved()), ...operatorManifests()])) {
    const { matchLabels = {} } = spec.selector ?? {};
    for (const [key, value] of Object.entries(matchLabels)) {
      assert.match(key, /^(cryptosense\.io|app\.kubernetes\.io)\//, name);
      assert.is(spec.template.metadata.labels[key], value, name);
    }
  }
  assert.not.match(JSON.stringify(everything(resolved())), /cdk8s\.io/);
});

test('nothing in an environment selects the pods of another one of the same namespace', () => {
  const [one, two] = [everything(resolved({}, 'one')), everything(resolved({}, 'two'))];
  const pods = workloads(two).map(({ spec }) => spec.template.metadata.labels);
  for (const { name, spec } of workloads(one)) {
    if (!spec.selector) continue;
    const wanted = Object.entries(spec.selector.matchLabels);
    assert.not(
      pods.some((labels) => wanted.every(([key, value]) => labels[key] === value)),
      name,
    );
  }
});

test('the Deployment of a revision leaves the number of pods to the operator', () => {
  const environment = resolved({ replicas: 7 });
  const { deployment, configMap } = renderRevision(environment, revisionOf(environment));
  assert.not('replicas' in (deployment.spec as object));
  assert.is(configMap.immutable, true);
});

test('what is not part of a release changes nothing in a revision', () => {
  const before = resolved();
  const after = resolved({ autoscaling: { maxReplicas: 9 }, database: { storage: '9Gi' }, replicas: 3 });
  assert.equal(renderRevision(after, revisionOf(after)), renderRevision(before, revisionOf(before)));
});

test('the metrics of the API are not reachable from outside', () => {
  const route = renderRoute(resolved(), [{ revision: 'aa', weight: 100 }]);
  const { rules } = route.spec as { rules: { matches: { path: { type: string; value: string } }[] }[] };
  const open = rules.flatMap(({ matches }) => matches.map(({ path }) => path));
  assert.not(
    open.some(
      ({ type, value }) => type === 'PathPrefix' && ('/metrics'.startsWith(`${value}/`) || value === '/'),
    ),
  );
  assert.not(open.some(({ value }) => value === '/metrics'));
});

test('the weights of the route are those that were asked for', () => {
  const backends = [
    { revision: 'aa', weight: 90 },
    { revision: 'bb', weight: 10 },
  ];
  const { rules } = renderRoute(resolved(), backends).spec as { rules: { backendRefs: unknown }[] };
  assert.equal(rules[0]?.backendRefs, [
    { name: 'shop-api-aa', port: 80, weight: 90 },
    { name: 'shop-api-bb', port: 80, weight: 10 },
  ]);
});

test('the autoscaler scales the environment, not a Deployment', () => {
  const { api } = renderComponents(resolved());
  const { scaleTargetRef } = find(api, 'HorizontalPodAutoscaler', 'shop-api').spec as {
    scaleTargetRef: object;
  };
  assert.equal(scaleTargetRef, {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    name: 'shop',
  });
});

test('every Service sends to a named port that the pods it selects have', () => {
  const objects = everything(resolved());
  for (const service of objects.filter(({ kind }) => kind === 'Service')) {
    const { selector, ports } = service.spec as {
      selector?: Record<string, string>;
      ports: { targetPort: string }[];
    };
    // Patroni writes the Endpoints of these.
    if (selector === undefined) {
      assert.match(service.metadata.name, /^shop-database(-config|-failover|-sync)?$/);
      continue;
    }
    const pods = workloads(objects).filter(({ spec }) =>
      Object.entries(selector).every(([key, value]) => spec.template.metadata.labels[key] === value),
    );
    assert.is(pods.length, 1, service.metadata.name);
    for (const { targetPort } of ports)
      assert.match(JSON.stringify(pods[0]?.spec.template.spec), `"name":"${targetPort}"`);
  }
});

test('the predictor runs the release that serves, or its own image, and can be left out', () => {
  const image = (components: ReturnType<typeof renderComponents>) =>
    workloads(components.predictor)[0]?.spec.template.spec.containers[0] as { image: string } | undefined;
  const environment = resolved({ release: { image: 'cryptosense-api:2.0.0' } });
  const serving = {
    ...releaseInputs(environment),
    image: 'cryptosense-api:1.0.0',
    config: { NODE_ENV: 'staging' },
  };
  const rendered = renderComponents(environment, serving);
  assert.is(image(rendered)?.image, 'cryptosense-api:1.0.0');
  const env = workloads(rendered.predictor)[0]?.spec.template.spec.containers[0]?.env ?? [];
  assert.equal(env, [
    { name: 'NODE_ENV', value: 'staging' },
    { name: 'DATABASE_URL_FILE', value: '/etc/cryptosense/secrets/DATABASE_URL' },
    { name: 'DATABASE_POOL_SIZE', value: '2' },
  ]);
  assert.is(image(renderComponents(environment))?.image, 'cryptosense-api:2.0.0');
  const own = resolved({ predictor: { image: 'cryptosense-api:3.0.0' } });
  assert.is(image(renderComponents(own, serving))?.image, 'cryptosense-api:3.0.0');
  assert.equal(renderComponents(resolved({ predictor: { enabled: false } })).predictor, []);
});

test('only a predictor that may run on spot nodes bears their taints', () => {
  const tolerations = (spot: boolean) =>
    workloads(renderComponents(resolved({ predictor: { spot } })).predictor)[0]?.spec.template.spec
      .tolerations;
  assert.is((tolerations(true) as unknown[]).length, 3);
  assert.is(tolerations(false), undefined);
});

test('a predictor of several pods has a disruption budget, one of one pod would only block a drain', () => {
  const kinds = (replicas: number) =>
    renderComponents(resolved({ predictor: { replicas } })).predictor.map(({ kind }) => kind);
  assert.equal(kinds(1), ['Service', 'Deployment']);
  assert.equal(kinds(2), ['Service', 'PodDisruptionBudget', 'Deployment']);
});

test('the API finds the predictor by its name, unless the release says another one', () => {
  const url = (config: Record<string, string>) => {
    const environment = resolved({ release: { image: 'cryptosense-api:1.0.0', config } });
    const { deployment } = renderRevision(environment, revisionOf(environment));
    const env = workloads([deployment])[0]?.spec.template.spec.containers[0]?.env ?? [];
    return env.find(({ name }) => name === 'PREDICTOR_URL')?.value;
  };
  assert.is(url({}), 'http://shop-predictor');
  assert.is(url({ PREDICTOR_URL: 'http://other' }), undefined);
});

test('an API pod is told the size of its pool, unless the release says another one', () => {
  const poolSize = (config: Record<string, string>) => {
    const environment = resolved({ release: { image: 'cryptosense-api:1.0.0', config } });
    const { deployment } = renderRevision(environment, revisionOf(environment));
    const env = workloads([deployment])[0]?.spec.template.spec.containers[0]?.env ?? [];
    return env.find(({ name }) => name === 'DATABASE_POOL_SIZE')?.value;
  };
  assert.is(poolSize({}), '10');
  assert.is(poolSize({ DATABASE_POOL_SIZE: '20' }), undefined);
});

test('nothing has the label by which Argo CD would take it for its own, and prune it', () => {
  assert.not.match(
    JSON.stringify(everything(resolved({ tier: 'production' }))),
    /app.kubernetes.io.instance/,
  );
});

test.run();
