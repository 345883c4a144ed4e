import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Backoff } from '../../../operator/kube/backoff.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { Reflector } from '../../../operator/kube/reflector.ts';
import { KubeClient } from '../../../operator/kube/transport.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { FaultProxy } from '../fault-proxy.ts';
import { eventually } from '../processes.ts';
import { SeededRandom } from '../seeded-random.ts';
import { CONFIG_MAPS } from './things.ts';
import { Witness } from './witness.ts';

/** A server, the proxy before it, and our side of the proxy. */
export interface World {
  server: ApiServer;
  proxy: FaultProxy;
  direct: KubeClient;
  ours: KubeClient;
  reflector: Reflector;
  witness: Witness;
  chance: SeededRandom;
  tally: Map<string, number>;
}

/** Starts a server with these flags and all that follows it, and ends everything after the body. */
export async function inWorld(
  flags: string[],
  seeded: number,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const server = await startApiServer({ flags });
  const direct = server.client();
  const certificates = join(dirname(server.kubeconfig), 'certs');
  const proxy = await FaultProxy.before(server.url, {
    key: readFileSync(join(certificates, 'apiserver.key')),
    cert: readFileSync(join(certificates, 'apiserver.crt')),
  });
  const config = server.configFor('admin');
  config.clusters = config.clusters.map((cluster) => ({ ...cluster, server: proxy.url }));
  const ours = KubeClient.fromKubeConfig(config);
  const chance = new SeededRandom(seeded);
  const witness = new Witness(new SeededRandom(seeded + 1));
  const reflector = new Reflector({
    client: ours,
    resource: CONFIG_MAPS,
    log: silentLog,
    quietMs: 400,
    backoff: new Backoff({ firstMs: 10, lastMs: 100 }),
    onChange: witness.onChange,
  });
  witness.store = reflector.store;
  const stop = new AbortController();
  const ends = [reflector.start(stop.signal), witness.run(stop.signal)];
  try {
    await reflector.synced;
    await body({ server, proxy, direct, ours, reflector, witness, chance, tally: new Map() });
  } finally {
    stop.abort();
    await Promise.all(ends);
    await ours.close();
    await eventually('no connection of ours is left', () => proxy.open === 0);
    await proxy.stop();
    await direct.close();
    await server.stop();
  }
}
