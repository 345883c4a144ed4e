import { RESOURCES } from '../../operator/environment/resources.ts';
import { mergePatch } from '../../operator/kube/apply.ts';
import { answered } from '../../operator/kube/errors.ts';
import { silentLog } from '../../operator/kube/log.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/transport.ts';

interface ParentReference {
  name: string;
  namespace?: string;
}

const CONTROLLER = 'cryptosense.io/simulated-gateway';

/**
 * Stands in for the status that a gateway gives to routes, and for nothing else: every generation of every HTTPRoute is
 * Accepted with ResolvedRefs as soon as it is seen, whether its backends exist or not. No request goes anywhere.
 * Resolves when the routes that are there are known; goes on until the signal is aborted.
 */
export async function answerRoutes(client: KubeClient, signal: AbortSignal): Promise<void> {
  const answer = async (route: KubeObject) => {
    const { name, namespace, generation } = route.metadata;
    await mergePatch(client, RESOURCES.routes, namespace, name, statusFor(route), {
      subresource: 'status',
    }).catch((error: unknown) => {
      // Gone since, or the server is being stopped or started again: what comes next is seen again.
      if (signal.aborted || answered(error, 404) || answered(error, 409)) return;
      console.error(`The route ${namespace}/${name} (${generation}) stays without an answer: ${error}`);
    });
  };
  const routes = new Reflector({
    client,
    resource: RESOURCES.routes,
    log: silentLog,
    onChange: (event, route) => {
      if (event !== 'deleted' && !isAnswered(route)) void answer(route);
    },
  });
  void routes.start(signal);
  await routes.synced;
}

function isAnswered(route: KubeObject): boolean {
  type Status = { parents?: { controllerName: string; conditions?: { observedGeneration?: number }[] }[] };
  const parents = (route.status as Status | undefined)?.parents ?? [];
  const ours = parents.filter(({ controllerName }) => controllerName === CONTROLLER);
  return ours.some(({ conditions = [] }) =>
    conditions.every(({ observedGeneration }) => observedGeneration === route.metadata.generation),
  );
}

function statusFor({ metadata, spec }: KubeObject): object {
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
    type,
    status: 'True',
    reason: type,
    message: '',
    observedGeneration: metadata.generation,
    lastTransitionTime: now,
  }));
  const references = (spec as { parentRefs?: ParentReference[] }).parentRefs ?? [];
  return {
    status: {
      parents: references.map((parentRef) => ({ parentRef, controllerName: CONTROLLER, conditions })),
    },
  };
}
