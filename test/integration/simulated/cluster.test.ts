import { equal } from 'uvu/assert';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create } from '../../../operator/kube/apply.ts';
import type { KubeObject } from '../../../operator/kube/resources.ts';
import { suite } from '../../harness/suite.ts';
import { startSimulatedCluster } from '../../simulated/cluster.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';

const test = suite('The operator on a simulated cluster');

test('an environment becomes ready, with a migration that ran and a route that was accepted', async () => {
  const program = await bundleOperator();
  const cluster = await startSimulatedCluster();
  const client = cluster.client();
  const operator = await startOperator({ kubeconfig: cluster.kubeconfig, program });
  try {
    const spec = { tier: 'local', release: { image: 'cryptosense-api:1.0.0' } };
    const environment = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'shop', namespace: 'default' },
      spec,
    };
    await create(client, RESOURCES.environments, environment);
    const ready = async () => {
      const path = `/apis/${API_VERSION}/namespaces/default/${RESOURCES.environments.plural}/shop`;
      const { status } = await client.request<KubeObject>({ method: 'GET', path });
      const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
      return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
    };
    await eventually('the environment is ready', ready, 60_000);
    const get = async (path: string) =>
      (await client.request<{ items: KubeObject[] }>({ method: 'GET', path })).items.map(
        ({ status, spec }) => ({
          status: status as { succeeded?: number },
          spec: spec as { rules: { backendRefs: { weight: number }[] }[] },
        }),
      );
    const migrations = await get('/apis/batch/v1/namespaces/default/jobs');
    equal(
      migrations.map(({ status }) => status.succeeded),
      [1],
    );
    const routes = await get('/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes');
    equal(
      routes.map(({ spec }) => spec.rules[0]?.backendRefs.map(({ weight }) => weight)),
      [[100]],
    );
  } catch (error) {
    throw new Error(`${error}\n${operator.log()}`, { cause: error });
  } finally {
    await operator.stop();
    await client.close();
    await cluster.stop();
  }
});

test.run();
