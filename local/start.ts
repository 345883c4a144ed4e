// npm start: a cluster, the operator and an environment, then a good and a bad release under load.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { apply, lookUp } from './addons/cluster-access.ts';
import { DASHBOARD_PORT } from './addons/dashboard-access.ts';
import { MONITORING_NAMESPACE } from './addons/prometheus.ts';
import { checkout } from './checkout.ts';
import { chosenPurpose, clusterName } from './cluster-name.ts';
import { type DemonstrationResult, demonstrate, RELEASES } from './demo/demonstration.ts';
import { EnvironmentWatch, isSettled } from './demo/watch.ts';
import { bringUpPlatform, type Platform } from './platform.ts';
import { LocalFailure } from './report.ts';
import { printDurations, runSteps, script } from './steps.ts';

const ENVIRONMENT = { namespace: 'default', name: 'local' };

await script(async () => {
  const platform = await bringUpPlatform(clusterName(chosenPurpose()));
  const { cluster } = platform;
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  const watch = new EnvironmentWatch(kubeConfig, ENVIRONMENT.namespace, ENVIRONMENT.name);
  const again = process.argv.includes('--again');
  let shown = false;
  try {
    await runSteps([
      {
        name: 'Environment local',
        work: async (report) => {
          const stop = watch.onChange((e) => report(e.status?.summary ?? 'waiting for the operator'));
          await watch.synced();
          shown = watch.current?.status?.rejected?.image === RELEASES.bad;
          let generation = 0;
          // An environment that has seen the demonstration is left as it is: its spec is the user's now.
          if (!shown || again) {
            await apply(
              cluster,
              'examples/local.yaml',
              readFileSync(join(checkout, 'examples/local.yaml'), 'utf8'),
            );
            const answer = await lookUp(cluster, [
              'cse',
              ENVIRONMENT.name,
              '-n',
              ENVIRONMENT.namespace,
              '-o',
              'jsonpath={.metadata.generation}',
            ]);
            generation = Number(answer);
          }
          // What the watch shows may still be of before the write.
          await watch.until(
            'Environment local',
            (e) => e.metadata.generation >= generation && isSettled(e),
            300_000,
          );
          stop();
        },
      },
    ]);
  } catch (error) {
    throw error instanceof LocalFailure
      ? error
      : new LocalFailure(`${(error as Error).message}. ${look(platform)}`);
  } finally {
    await watch.close();
  }
  printDurations();

  if (shown && !again) {
    console.log(
      '\nEverything is up; the demonstration was shown before (npm start -- --again shows it once more).',
    );
  } else {
    if (cluster.gatewayUrl === undefined) {
      throw new LocalFailure(
        'The gateway of the named cluster is not known: set CRYPTOSENSE_GATEWAY_URL to its address, for example http://127.0.0.1:8080.',
      );
    }
    console.log(
      '\nTwo releases under load: a good one, then one that answers 500 to 30 % of its requests.\n',
    );
    const options = { kubeConfig, gatewayUrl: cluster.gatewayUrl, ...ENVIRONMENT, again };
    const result = await demonstrate(options).catch((error: Error) => {
      throw error instanceof LocalFailure ? error : new LocalFailure(`${error.message}. ${look(platform)}`);
    });
    summarise(result);
  }
  console.log(`\nLook around:\n${look(platform)}`);
});

function summarise({ good, bad }: DemonstrationResult): void {
  console.log(`
  good release   100 % after ${good.seconds} s   ${good.load.requests} requests, ${good.load.failed} failed
  bad release      0 % after ${bad.seconds} s   ${bad.load.requests} requests, ${bad.load.failed} failed, all by the release itself
                 because ${bad.reason}`);
}

function look({ cluster }: Platform): string {
  const url = cluster.gatewayUrl ?? '$CRYPTOSENSE_GATEWAY_URL';
  return [
    `export KUBECONFIG=${cluster.kubeconfig}`,
    'kubectl get cse                       # what runs, in one line',
    'kubectl describe cse local            # conditions and events: every step and who decided it',
    'kubectl get cse local -o yaml         # the whole status',
    `kubectl -n cryptosense-system port-forward deploy/cryptosense-operator ${DASHBOARD_PORT}   # the dashboard: http://127.0.0.1:${DASHBOARD_PORT}`,
    'kubectl -n default create token dashboard   # what it asks for',
    `kubectl -n ${MONITORING_NAMESPACE} port-forward svc/prometheus 9090   # what fires: http://127.0.0.1:9090/api/v1/alerts`,
    `curl ${url}/api/prices/BTC`,
    `curl ${url}/health/detailed`,
    `kubectl patch cse local --type merge -p '{"spec":{"release":{"image":"${RELEASES.first}"}}}'   # back at once; five minutes later: another canary`,
    'npm run down                          # removes all of it',
    ...(cluster.kubectl === 'kubectl' ? [] : [`(kubectl is ${cluster.kubectl})`]),
  ]
    .map((line) => `  ${line}`)
    .join('\n');
}
