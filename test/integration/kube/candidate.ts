// A process of its own that leads by a Lease and, while it does, writes its name into a config map without a pause.
// Its first line on standard output is "leading"; its last says why it ended.
import { KubeConfig } from '@kubernetes/client-node';
import { mergePatch } from '../../../operator/kube/apply.ts';
import { LeaderElection, NotLeading } from '../../../operator/kube/lease.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { CONFIG_MAPS } from './things.ts';

const [, , kubeconfig = '', identity = ''] = process.argv;
const config = new KubeConfig();
config.loadFromFile(kubeconfig);
const client = KubeClient.fromKubeConfig(config);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

const election = new LeaderElection({
  client,
  namespace: 'default',
  name: 'contested',
  identity,
  leaseDurationMs: 2_000,
  renewDeadlineMs: 1_500,
  retryPeriodMs: 300,
  log: silentLog,
});
try {
  await election.run(stop.signal, async (leading) => {
    console.log('leading');
    let resourceVersion: string | undefined;
    while (!leading.signal.aborted) {
      leading.assertLeading();
      // As every write of the operator: tied to the version that was seen.
      const patch = {
        metadata: resourceVersion === undefined ? {} : { resourceVersion },
        data: { writer: identity },
      };
      const written = await mergePatch(client, CONFIG_MAPS, 'default', 'contested', patch);
      resourceVersion = written.metadata.resourceVersion;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  console.log('ended in peace');
} catch (error) {
  console.log(error instanceof NotLeading ? 'not leading' : `failed: ${error}`);
}
await client.close();
