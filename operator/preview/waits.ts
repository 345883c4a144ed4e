import type { Plan } from '../environment/plan.ts';
import type { Snapshot } from '../environment/snapshot.ts';
import { stepsOf } from '../rollout/steps.ts';
import type { PreviewWorld } from './world.ts';

/** What does not come by itself. */
export interface Wait {
  /** Whom or what it waits for. */
  for: 'promotion' | 'backup' | 'pause' | 'somebody';
  message: string;
  /** Lets the preview go on as if it had come; absent where nobody can say what would come then. */
  goesOn?: (world: PreviewWorld, now: number) => void;
}

/** What keeps a release from going on, when neither time nor the cluster will change it. */
export function waitOf(world: PreviewWorld, plan: Plan, { resolved }: Snapshot): Wait {
  const { candidate, summary = '' } = plan.status;
  if (isPaused(plan))
    return { for: 'pause', message: 'until spec.paused is false: nothing is changed while it is true' };
  if (plan.decision?.schema && isGate(plan.decision.schema.reason) && world.behaviour.hasMigrations) {
    const message = `for a backup, if the image has a migration that is still to run: ${plan.decision.schema.message}`;
    return { for: 'backup', message, goesOn: ({ behaviour }, now) => behaviour.withoutMigrations(now) };
  }
  const step = candidate ? stepsOf(resolved.spec.rollout)[candidate.step] : undefined;
  if (candidate && step?.kind === 'pause' && step.lengthMs === Number.POSITIVE_INFINITY) {
    const target = `${candidate.number}-${candidate.revision}`;
    const command = `kubectl -n ${resolved.namespace} annotate cse ${resolved.name} cryptosense.io/promote=${target}`;
    return {
      for: 'promotion',
      message: `until somebody promotes it: ${command}`,
      goesOn: (one) =>
        one.annotate({ ...one.environment.metadata.annotations, 'cryptosense.io/promote': target }),
    };
  }
  return { for: 'somebody', message: summary };
}

export function isPaused({ status }: Plan): boolean {
  return status.conditions?.some(({ type, status: is }) => type === 'Paused' && is === 'True') ?? false;
}

function isGate(reason: string): boolean {
  return reason === 'WaitingForBackup' || reason === 'BackupNeeded';
}
