import * as assert from 'uvu/assert';
import { renderOperator } from '../../../charts/render.ts';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';

const test = suite("the dashboard in the operator's installation");
const image = 'cryptosense-operator:1.0.0';
const others = (manifests: Manifest[]) => manifests.filter(({ kind }) => kind !== 'Deployment');

function variables(manifests: Manifest[]): Record<string, string | undefined> {
  type Pod = { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
  const pods = manifests.filter(({ kind }) => kind === 'Deployment').map(({ spec }) => spec as Pod);
  const env = pods.flatMap(({ template }) => template.spec.containers.flatMap((container) => container.env));
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

test('it is off unless it is asked for', () => {
  assert.not.ok('DASHBOARD_PORT' in variables(renderOperator({ image })));
  assert.is(variables(renderOperator({ image, dashboardPort: 8090 })).DASHBOARD_PORT, '8090');
});

test('it takes no right, no open port and no way through the network policy', () => {
  for (const options of [{ image }, { image, onlyNamespace: 'team' }]) {
    const [without, within] = [renderOperator(options), renderOperator({ ...options, dashboardPort: 8090 })];
    assert.equal(others(within), others(without));
    assert.not.match(JSON.stringify(within), /containerPort":8090/);
  }
});

test.run();
