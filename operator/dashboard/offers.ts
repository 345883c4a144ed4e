import type { Environment } from '../api/resolved.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import { targetOf } from '../rollout/candidate.ts';
import type { Verb } from '../rollout/state.ts';
import { describe, type Step } from '../rollout/steps.ts';
import type { Offer } from './shapes.ts';

type Candidate = NonNullable<EnvironmentStatus['candidate']>;

/** The commands that the operator would carry out now, each with what it would do; it has the last word all the same. */
export function offersFor(environment: Environment, steps: readonly Step[]): Offer[] {
  const status = environment.status ?? {};
  const { candidate, rejected, stable } = status;
  return [
    ...(candidate ? forCandidate(candidate, steps) : []),
    ...(rejected && !candidate
      ? [
          offer(
            'retry',
            rejected,
            'Try it again',
            'go',
            `${rejected.image} is tried again, from its first step.`,
          ),
        ]
      : []),
    ...(stable ? wayBack(status) : []),
    ...(stable
      ? [
          offer(
            'restart',
            stable,
            'Restart the pods',
            'plain',
            `The pods of ${stable.image} are replaced one after the other, a new one first.`,
          ),
        ]
      : []),
  ];
}

/** Why no command can be given now, whoever asks. */
export function noCommands({ metadata, spec, status }: Environment): string | undefined {
  if (metadata.deletionTimestamp) return 'It is being deleted.';
  if (spec.paused) return 'spec.paused is true: commands wait until it is false.';
  const [pending] = status?.commands ?? [];
  return pending && `The command ${pending.verb} is being carried out.`;
}

function forCandidate(candidate: Candidate, steps: readonly Step[]): Offer[] {
  const { image, step, frozen } = candidate;
  const abort = offer(
    'abort',
    candidate,
    'Abort',
    'stop',
    `${image} is given up: the stable release gets all requests at once.`,
  );
  if (frozen)
    return [
      offer(
        'promote',
        candidate,
        'Promote all the same',
        'go',
        `${image} goes to its end although it has failed: ${frozen.message}`,
      ),
      abort,
    ];
  const kind = steps[step]?.kind;
  const waits = kind === 'pause' || kind === 'analysis' || candidate.heldSince !== undefined;
  const next = steps[step + 1];
  const isStepwise = candidate.strategy !== 'rolling' && candidate.full !== true;
  return [
    ...(waits
      ? [
          offer(
            'promote',
            candidate,
            'Promote one step',
            'go',
            `${image} ends what it is at and goes on${next ? `: ${describe(next)}` : ''}.`,
          ),
        ]
      : []),
    ...(isStepwise
      ? [
          offer(
            'promote-full',
            candidate,
            'Promote fully',
            'plain',
            `${image} goes to its end, without further pauses and analyses. More pods still have to be ready before it gets more requests.`,
          ),
        ]
      : []),
    candidate.heldSince === undefined
      ? offer('pause', candidate, 'Hold', 'plain', `${image} is held where it is; no deadline runs.`)
      : offer('resume', candidate, 'Resume', 'go', `${image} goes on from where it was held.`),
    abort,
  ];
}

/** To releases that have served: the newest first. */
function wayBack({ history = [], stable, candidate }: EnvironmentStatus): Offer[] {
  return history
    .filter(({ revision }) => revision !== stable?.revision && revision !== candidate?.revision)
    .reverse()
    .map((one) =>
      offer(
        'undo',
        one,
        'Go back to it',
        'stop',
        `${one.image} serves again, with its own configuration, until the spec asks for another release.`,
      ),
    );
}

function offer(
  verb: Verb,
  release: { number: number; revision: string },
  label: string,
  tone: Offer['tone'],
  effect: string,
): Offer {
  return { verb, target: targetOf(release), label, effect, tone };
}
