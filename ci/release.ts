// node ci/release.ts --name shop --namespace shop --image registry.example.com/shop/cryptosense-api@sha256:... [--minutes 60]
// Asks an environment for another image, and waits until it serves or has failed. Uses the runner's kubectl and KUBECONFIG.

import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { kubectl, watched } from './kubectl.ts';
import { Failure, main, output } from './report.ts';
import { type Environment, type Verdict, verdictOf } from './verdict.ts';

const KIND = 'cryptosenseenvironments.cryptosense.io';

/** Between two watches, of which the server ends each after a while. */
const AGAIN_MS = 1_000;

interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
}

async function release({ name, namespace, image }: Release, signal: AbortSignal): Promise<Verdict> {
  const place = ['--namespace', namespace];
  const patch = JSON.stringify({ spec: { release: { image } } });
  const asked = await kubectl([
    'patch',
    KIND,
    name,
    ...place,
    '--type=merge',
    '--patch',
    patch,
    '--output=json',
  ]);
  const { generation } = (JSON.parse(asked) as Environment).metadata;
  console.log(`${name} is asked for ${image} (generation ${generation}).`);
  let last: Verdict = { state: 'waiting', message: '' };
  while (!signal.aborted) {
    for await (const environment of watched<Environment>(['get', KIND, name, ...place], signal)) {
      const verdict = verdictOf(environment, image, generation);
      if (verdict.message !== last.message) console.log(`${new Date().toISOString()} ${verdict.message}`);
      last = verdict;
      if (verdict.state !== 'waiting') return verdict;
    }
    await setTimeout(AGAIN_MS, undefined, { signal }).catch(() => {});
    // It tells a lost connection from an environment that is gone.
    if (!signal.aborted) await kubectl(['get', KIND, name, ...place, '--output=name']);
  }
  return last;
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      name: { type: 'string' },
      namespace: { type: 'string' },
      image: { type: 'string' },
      minutes: { type: 'string', default: '60' },
    },
  });
  const { name, namespace, image, minutes } = values;
  const ms = Number(minutes) * 60_000;
  if (!name || !namespace || !image || !(ms > 0))
    throw new Failure(
      'Usage: node ci/release.ts --name NAME --namespace NAMESPACE --image IMAGE [--minutes 60]',
    );
  const { state, message } = await release({ name, namespace, image }, AbortSignal.timeout(ms));
  output('result', message);
  if (state === 'failed') throw new Failure(`${image} was not released: ${message}`);
  if (state === 'waiting')
    throw new Failure(
      `${image} is not there after ${minutes} minutes; last seen: ${message} The operator goes on by itself: kubectl get cse ${name} --namespace ${namespace}`,
    );
});
