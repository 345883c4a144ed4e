import { RESOURCES } from '../../operator/environment/resources.ts';
import { mergePatch } from '../../operator/kube/apply.ts';
import { silentLog } from '../../operator/kube/log.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/transport.ts';

/** The first container of a pod, as far as who runs it in another place needs it. */
export interface JobContainer {
  name: string;
  image: string;
  args: string[];
  env: { name: string; value?: string }[];
}

/** How a container ended. */
export interface LastWords {
  exitCode: number;
  /** What the kubelet would read of its termination message. */
  message: string;
}

/**
 * The kubelet for pods of Jobs of a component, which KWOK only calls Running (`unfinished` of the simulated cluster): `run` does for
 * real what the container says, and its exit code and last words are reported. Ends with `signal`.
 */
export async function runJobPods(
  client: KubeClient,
  {
    component,
    run,
    signal,
  }: { component: string; run: (container: JobContainer) => Promise<LastWords>; signal: AbortSignal },
): Promise<void> {
  const seen = new Set<string>();
  const pods = new Reflector({
    client,
    resource: RESOURCES.pods,
    labelSelector: `app.kubernetes.io/component=${component}`,
    log: silentLog,
    onChange: (event, pod) => {
      const { uid = '' } = pod.metadata;
      const { phase } = (pod.status ?? {}) as { phase?: string };
      if (event === 'deleted' || phase !== 'Running' || seen.has(uid)) return;
      seen.add(uid);
      void runPod(client, pod, run).catch((error: unknown) => {
        if (!signal.aborted) console.error(error);
      });
    },
  });
  void pods.start(signal);
  await pods.synced;
}

async function runPod(
  client: KubeClient,
  pod: KubeObject,
  run: (container: JobContainer) => Promise<LastWords>,
): Promise<void> {
  const [container] = (pod.spec as { containers: [JobContainer] }).containers;
  const startedAt = new Date().toISOString();
  const { exitCode, message } = await run(container);
  const terminated = {
    exitCode,
    message,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAt,
    finishedAt: new Date().toISOString(),
  };
  const { name, image } = container;
  const status = {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [
      { name, image, imageID: '', ready: false, restartCount: 0, started: false, state: { terminated } },
    ],
  };
  const { namespace, name: podName } = pod.metadata;
  await mergePatch(client, RESOURCES.pods, namespace, podName, { status }, { subresource: 'status' });
}
