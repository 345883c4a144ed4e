import type { Action } from './actions.ts';

/** Their pods read at their start what the others hold, and a new hash of it must not reach them before it does. */
const WITH_PODS = new Set(['Deployment', 'StatefulSet', 'Job']);

/**
 * Writes of components in the order in which they may be done, those of one stage at once: what pods are made from, then
 * what gives their account its rights, then pods, and at last what goes.
 */
export function stagesOf(actions: readonly Action[]): Action[][] {
  const stages: [Action[], Action[], Action[], Action[]] = [[], [], [], []];
  for (const action of actions) stages[stageOf(action)].push(action);
  return stages;
}

function stageOf(action: Action): 0 | 1 | 2 | 3 {
  if (action.type === 'delete') return 3;
  if (action.type === 'orphan') return 2;
  if (!('manifest' in action)) return 0;
  const { kind } = action.manifest;
  // The API server refuses (404) to bind a Role that is not there yet.
  return kind === 'RoleBinding' ? 1 : WITH_PODS.has(kind) ? 2 : 0;
}

/** Calls `work` for every item, at most so many at once, and resolves when all have ended. */
export async function eachOf<T>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const one = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, one));
}
