import { up } from './cluster.ts';
import { clusterName, type Purpose, purposes } from './cluster-name.ts';
import { LocalFailure } from './report.ts';
import { printDurations, runSteps, script } from './steps.ts';

// node local/up.ts [local|test]: only the cluster, for development.
await script(async () => {
  const purpose = (process.argv[2] ?? 'local') as Purpose;
  if (!purposes.includes(purpose)) {
    throw new LocalFailure(`There is no cluster for "${purpose}": say one of ${purposes.join(', ')}.`);
  }
  const answer: { text: string } = { text: '' };
  await runSteps([
    {
      name: `Bringing up ${clusterName(purpose)}`,
      work: async (report) => {
        const cluster = await up({ name: clusterName(purpose), report });
        await cluster.ready(report);
        const lines = [
          `export KUBECONFIG=${cluster.kubeconfig}`,
          ...(cluster.dockerHost === undefined ? [] : [`export DOCKER_HOST=${cluster.dockerHost}`]),
          `# gateway: ${cluster.gatewayUrl ?? 'set CRYPTOSENSE_GATEWAY_URL'}`,
          `# kubectl: ${cluster.kubectl}`,
        ];
        answer.text = lines.join('\n');
      },
    },
  ]);
  printDurations();
  process.stdout.write(`\n${answer.text}\n`);
});
