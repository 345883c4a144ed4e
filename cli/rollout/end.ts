import type { Environment } from '../../operator/api/resolved.ts';
import { targetOf } from '../../operator/rollout/candidate.ts';
import { EXIT, type ExitCode } from '../exit.ts';

/** How a release ended, as `rollout status` says it. */
export interface End {
  outcome: 'serves' | 'rolledBack' | 'frozen' | 'stalled' | 'replaced' | 'undone';
  sentence: string;
  exitCode: ExitCode;
}

/**
 * How the release that was followed ended, or what the environment is at rest with; undefined while something is under
 * way, or the operator has not seen the newest spec. `followed` is the release as `<number>-<revision>`. Pure.
 */
export function endOf(environment: Environment, followed?: string): End | undefined {
  const { metadata, spec, status } = environment;
  if (status === undefined || status.observedGeneration !== metadata.generation) return undefined;
  const { candidate, stable, rejected, undone, conditions = [] } = status;
  const stalled = conditions.find(({ type, status: is }) => type === 'Stalled' && is === 'True');
  if (candidate?.frozen) return no('frozen', `${candidate.image} is frozen: ${candidate.frozen.message}`);
  if (stalled?.reason === 'InvalidSpec') return no('stalled', stalled.message);
  if (candidate) return undefined;
  if (rejected && (followed === undefined || targetOf(rejected) === followed || !stable))
    return no(
      'rolledBack',
      `${rejected.image} was rolled back (${rejected.reason}): ${rejected.message}${stable ? `. ${stable.image} serves` : ''}`,
    );
  if (stable === undefined) return stalled ? no('stalled', stalled.message) : undefined;
  if (followed !== undefined && followed !== targetOf(stable))
    return no('replaced', `${followed} is not tried any more: ${stable.image} (${targetOf(stable)}) serves`);
  if (undone)
    return yes(
      'undone',
      `${stable.image} serves: it was gone back to by command, until the spec asks for another`,
    );
  // What the spec asks for is not tried yet, for example while the database is away.
  if (spec.release.image !== stable.image && followed === undefined) return undefined;
  return yes('serves', `${stable.image} (${targetOf(stable)}) serves`);
}

function yes(outcome: End['outcome'], sentence: string): End {
  return { outcome, sentence: withStop(sentence), exitCode: EXIT.done };
}

function no(outcome: End['outcome'], sentence: string): End {
  return { outcome, sentence: withStop(sentence), exitCode: EXIT.no };
}

function withStop(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
