import { installPrometheus, MONITORING_NAMESPACE } from './addons/prometheus.ts';
import { up } from './cluster.ts';
import { clusterName } from './cluster-name.ts';
import { addImage } from './platform.ts';
import { printDurations, runSteps, script } from './steps.ts';

// npm run monitoring: Prometheus with all alerts, and the image of the exporters, in the cluster of npm start.
await script(async () => {
  const lines: string[] = [];
  await runSteps([
    {
      name: 'Prometheus in the cluster',
      work: async (report) => {
        const cluster = await up({ name: clusterName('local'), report });
        await cluster.ready(report);
        await installPrometheus(cluster, report);
        await addImage({ cluster }, 'cryptosense-exporters:dev', report);
        lines.push(
          `export KUBECONFIG=${cluster.kubeconfig}`,
          `kubectl -n ${MONITORING_NAMESPACE} port-forward svc/prometheus 9090   # then http://localhost:9090/api/v1/alerts`,
          `kubectl patch cse local --type merge -p '{"spec":{"observability":{"exporters":{"enabled":true}}}}'   # PostgreSQL, PgBouncer, Redis`,
        );
      },
    },
  ]);
  printDurations();
  console.log(`\nLook around:\n${lines.map((line) => `  ${line}`).join('\n')}`);
});
