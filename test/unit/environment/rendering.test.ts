import { equal, is } from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import { type Manifest, releaseInputs } from '../../../operator/api/resolved.ts';
import { missingKinds, objectsOf } from '../../../operator/environment/rendering.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from '../charts/environments.ts';

const test = suite('rendering');

const environment = resolved({ tier: 'production' });
const rendered = (missing: string[]) =>
  objectsOf(environment, releaseInputs(environment), missing, renderComponents).components;
const kindsOf = (components: ReturnType<typeof rendered>) =>
  Object.values(components).flatMap((manifests) => manifests.map((manifest: Manifest) => manifest.kind));

test('what the cluster has no resource for is left out, and nothing else', () => {
  const missing = missingKinds({ has: (kind) => kind !== 'ServiceMonitor' && kind !== 'PrometheusRule' });
  equal(missing.sort(), ['PrometheusRule', 'ServiceMonitor']);
  const everything = kindsOf(rendered([]));
  for (const kind of missing) is(everything.includes(kind), true, kind);
  equal(
    kindsOf(rendered(missing)),
    everything.filter((kind) => !missing.includes(kind)),
  );
});

test('a cluster that lacks nothing is not asked about Secrets, which are not watched', () => {
  const asked: string[] = [];
  equal(missingKinds({ has: (kind) => asked.push(kind) > 0 }), []);
  is(asked.includes('Secret'), false);
});

test.run();
