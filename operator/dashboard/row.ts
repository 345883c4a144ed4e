import { effectiveSpec } from '../api/effective-spec.ts';
import type { Environment } from '../api/resolved.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { type Step, stepsOf } from '../rollout/steps.ts';
import type { Row, State } from './shapes.ts';

/** An environment as the list has it. Pure. */
export function rowOf(environment: Environment): Row {
  const { metadata, spec } = environment;
  const status = environment.status ?? {};
  const { stable, candidate } = status;
  return {
    key: `${metadata.namespace}/${metadata.name}`,
    namespace: metadata.namespace,
    name: metadata.name,
    tier: spec.tier,
    state: stateOf(environment),
    summary: status.summary ?? 'The operator has not looked at it yet.',
    ...(stable ? { image: stable.image } : {}),
    pods: status.replicas ?? 0,
    readyPods: status.readyReplicas ?? 0,
    ...(candidate
      ? {
          candidate: {
            image: candidate.image,
            number: candidate.number,
            weight: candidate.weight,
            step: candidate.step,
            steps: candidate.steps,
          },
        }
      : {}),
  };
}

/** The steps of a release of this environment, as they are now. */
export function stepsFor({ spec }: Pick<Environment, 'spec'>): Step[] {
  return stepsOf(effectiveSpec(spec).rollout);
}

/** The worst of what is so. */
function stateOf(environment: Environment): State {
  const { metadata, status = {} } = environment;
  const is = (type: string) => status.conditions?.find((one) => one.type === type)?.status;
  if (metadata.deletionTimestamp) return 'deleting';
  if (status.stable && is('ApiReady') === 'False') return 'down';
  if (is('Stalled') === 'True') return 'stalled';
  if (is('Paused') === 'True') return 'paused';
  if (status.stable && is('Ready') === 'False') return 'notReady';
  if (status.candidate) return waitsForSomebody(environment, status.candidate) ? 'waiting' : 'releasing';
  if (!status.stable) return 'starting';
  return status.rejected ? 'rolledBack' : 'serving';
}

type Candidate = NonNullable<EnvironmentStatus['candidate']>;

function waitsForSomebody(environment: Environment, candidate: Candidate): boolean {
  if (candidate.heldSince !== undefined || candidate.frozen) return true;
  const step = stepsFor(environment)[candidate.step];
  return step?.kind === 'pause' && step.lengthMs === Number.POSITIVE_INFINITY && candidate.arrived === true;
}
