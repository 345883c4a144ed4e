import { equal } from 'uvu/assert';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import { suite } from '../../harness/suite.ts';
import { startSimulatedCluster } from '../../simulated/cluster.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';

const test = suite('A Job of an analysis on a real control plane');

const NAMESPACE = 'market';

interface Job {
  spec: { template: { spec: { containers: { args: string[] }[] } } };
  status: { succeeded?: number };
}

test('N1 a Job is made where Pod Security is restricted, its end is seen, and the switch follows', async () => {
  const program = await bundleOperator();
  const cluster = await startSimulatedCluster();
  const client = cluster.client();
  const operator = await startOperator({ kubeconfig: cluster.kubeconfig, program });
  try {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await client.request({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } },
    });
    await create(client, RESOURCES.environments, {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'shop', namespace: NAMESPACE },
      spec: {
        tier: 'local',
        release: { image: 'cryptosense-api:1.0.0' },
        rollout: {
          strategy: 'blueGreen',
          // No container runs here, so that no pod can be asked for its figures.
          canary: { analysis: { preset: 'none' } },
          blueGreen: {
            autoPromoteDelay: '1s',
            prePromotionAnalysis: {
              metrics: [{ name: 'check', job: { image: 'check:1', args: ['{{revision}}'] } }],
            },
          },
        },
      },
    });
    const path = pathOf(RESOURCES.environments, NAMESPACE, 'shop');
    const serves = async (image: string) => {
      const { status } = await client.request<KubeObject>({ method: 'GET', path });
      return (status as { stable?: { image: string } } | undefined)?.stable?.image === image;
    };
    await eventually('the first release serves', () => serves('cryptosense-api:1.0.0'), 60_000);
    await mergePatch(client, RESOURCES.environments, NAMESPACE, 'shop', {
      spec: { release: { image: 'cryptosense-api:1.1.0' } },
    });
    await eventually('the second release serves', () => serves('cryptosense-api:1.1.0'), 60_000);
    const { items } = await client.request<{ items: Job[] }>({
      method: 'GET',
      path: pathOf(RESOURCES.jobs, NAMESPACE),
      query: { labelSelector: 'app.kubernetes.io/component=analysis' },
    });
    const { status } = await client.request<KubeObject>({ method: 'GET', path });
    const { revision } = (status as { stable: { revision: string } }).stable;
    equal(
      items.map((job) => [job.spec.template.spec.containers[0]?.args, job.status.succeeded]),
      [[[revision], 1]],
    );
  } catch (error) {
    throw new Error(`${error}\n${operator.log().slice(-4_000)}`, { cause: error });
  } finally {
    await operator.stop();
    await client.close();
    await cluster.stop();
  }
});

test.run();
