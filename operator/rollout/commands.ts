import { isFrozen, mayReturnTo } from './barrier.ts';
import { type Candidate, enter, lastOf, targetOf, titleOf } from './candidate.ts';
import { type Draft, identity, iso, note } from './draft.ts';
import { dismiss } from './endings.ts';
import { markFailed, predecessor } from './history.ts';
import type { Command, RevisionView, Verb } from './state.ts';
import { stepsOf } from './steps.ts';

/** What came of a command: what was done, or why nothing was. */
type Outcome = { accepted: boolean; message: string };

const MOST_RESTARTS = 10;

/** Events of commands that were carried out. */
const REASONS: Record<Verb, string> = {
  promote: 'PromotedByCommand',
  'promote-full': 'PromotedByCommand',
  abort: 'AbortedByCommand',
  retry: 'RetriedByCommand',
  undo: 'UndoneByCommand',
  pause: 'HeldByCommand',
  resume: 'ResumedByCommand',
  restart: 'RestartedByCommand',
};

/**
 * Carries out what people ask for. A command that is done stays in memory until its annotation is gone, and is not done
 * twice: what it did and that it is done are one write of the status.
 */
export function obey(draft: Draft): void {
  const { memory, input, decision } = draft;
  const done = memory.commands ?? [];
  for (const command of input.commands) {
    const { verb, target, by } = command;
    if (done.some((one) => one.verb === verb && one.target === target.slice(0, 64))) {
      decision.clear.push(verb);
      continue;
    }
    const { accepted, message } = carryOut(draft, command);
    memory.lastCommand = {
      verb,
      target: target.slice(0, 64),
      at: iso(draft),
      ...(by === undefined ? {} : { by: by.slice(0, 253) }),
      accepted,
      message: message.slice(0, 1024),
    };
    const asked = by === undefined ? '' : ` (asked by ${by})`;
    if (accepted) note(draft, 'Normal', REASONS[verb], `${message}${asked}`);
    else note(draft, 'Warning', 'CommandRefused', `${verb} ${target}: ${message}${asked}`);
  }
  // The status is written when the annotations are gone: what is cleared now need not be remembered.
  const pending = input.commands.filter(({ verb }) => !decision.clear.includes(verb));
  if (pending.length > 0)
    memory.commands = pending.map(({ verb, target }) => ({ verb, target: target.slice(0, 64) }));
  else delete memory.commands;
}

function carryOut(draft: Draft, { verb, target }: Command): Outcome {
  switch (verb) {
    case 'retry':
      return retry(draft, target);
    case 'undo':
      return undo(draft, target);
    case 'restart':
      return restart(draft, target);
    case 'abort':
      return draft.memory.candidate ? abort(draft, target) : goBack(draft, target);
    default:
      return steer(draft, verb, target);
  }
}

/** What is about the release that is being tried, and leaves it so. */
function steer(draft: Draft, verb: 'promote' | 'promote-full' | 'pause' | 'resume', target: string): Outcome {
  const tried = draft.memory.candidate;
  if (!tried) return refused('no release is being tried');
  if (targetOf(tried) !== target) return notThis(tried);
  const candidate = { ...tried };
  draft.memory.candidate = candidate;
  const goesOn = verb === 'promote' || verb === 'promote-full';
  if (candidate.frozen)
    return goesOn ? thaw(draft, candidate) : refused('it is frozen, and stays as it is until it is promoted');
  if (verb === 'promote') return promoteOneStep(draft, candidate);
  if (verb === 'promote-full') return promoteFully(draft, candidate);
  return verb === 'pause' ? hold(draft, candidate) : resume(draft, candidate);
}

function promoteOneStep(draft: Draft, candidate: Candidate): Outcome {
  const steps = stepsOf(draft.input.policy);
  const isWaiting = ['pause', 'analysis'].includes(steps[candidate.step]?.kind ?? '');
  if (candidate.heldSince === undefined && !isWaiting)
    return refused('it is in no pause that could be ended: it waits for pods or for the gateway');
  delete candidate.heldSince;
  if (isWaiting) enter(draft, candidate, candidate.step + 1, steps);
  return done(`${candidate.image} is promoted to step ${candidate.step + 1} of ${candidate.steps}`);
}

function promoteFully(draft: Draft, candidate: Candidate): Outcome {
  if (draft.input.policy.strategy === 'rolling')
    return refused('a rolling update has no pauses that could be left out');
  const steps = stepsOf(draft.input.policy);
  delete candidate.heldSince;
  candidate.full = true;
  enter(draft, candidate, lastOf(steps), steps);
  return done(`${candidate.image} is promoted to its end, without further pauses and analyses`);
}

function hold(draft: Draft, candidate: Candidate): Outcome {
  candidate.heldSince ??= iso(draft);
  return done(`${titleOf(candidate)} is held where it is`);
}

/** A person decides that a release goes on although it has failed: nothing else could ever promote it. */
function thaw(draft: Draft, candidate: Candidate): Outcome {
  const steps = stepsOf(draft.input.policy);
  delete candidate.frozen;
  delete candidate.heldSince;
  delete candidate.waitingSince;
  candidate.full = true;
  if (draft.input.policy.strategy !== 'rolling') enter(draft, candidate, lastOf(steps), steps);
  return done(`${candidate.image}, which was frozen, is promoted to its end`);
}

/** What was held has not aged. */
function resume(draft: Draft, candidate: Candidate): Outcome {
  const { heldSince } = candidate;
  if (heldSince === undefined) return refused('it is not held');
  delete candidate.heldSince;
  const later = Date.parse(candidate.stepStartedAt ?? heldSince) + draft.input.now - Date.parse(heldSince);
  candidate.stepStartedAt = new Date(Math.min(later, draft.input.now)).toISOString();
  return done(`${titleOf(candidate)} goes on`);
}

function abort(draft: Draft, target: string): Outcome {
  const candidate = draft.memory.candidate as Candidate;
  if (targetOf(candidate) !== target) return notThis(candidate);
  const why = isFrozen(draft, candidate) ? wayBack(draft, draft.memory.stable?.revision) : undefined;
  if (why) return refused(why);
  dismiss(draft, 'Aborted', 'it was aborted by command');
  return done(`${candidate.image} is aborted: the stable release gets all requests`);
}

/** An abort after the switch: back to the release before it, as long as its pods are there. */
function goBack(draft: Draft, target: string): Outcome {
  const { memory } = draft;
  const { stable } = memory;
  if (!stable || targetOf(stable) !== target) return refused('no release is being tried');
  const before = predecessor(draft);
  if (!before)
    return refused(
      'it serves, and the pods of the release before it are gone: undo names the release to go back to',
    );
  const why = wayBack(draft, before.revision);
  if (why) return refused(why);
  const message = 'it was aborted by command after it had taken over';
  const at = iso(draft);
  memory.rejected = { ...identity(stable), reason: 'Aborted', message, at };
  const { revision, image } = before;
  memory.stable = { ...identity(before), since: at };
  memory.retired = [
    ...(memory.retired ?? []).filter((one) => one.revision !== revision),
    { revision: stable.revision, since: iso(draft) },
  ];
  markFailed(draft, stable.revision, revision);
  note(draft, 'Warning', 'RolledBack', `${stable.image} is rolled back (Aborted): ${message}`);
  return done(`${stable.image} is aborted: ${image} gets all requests again`);
}

function retry(draft: Draft, target: string): Outcome {
  const { rejected, undone } = draft.memory;
  if (rejected && targetOf(rejected) === target) {
    delete draft.memory.rejected;
    return done(`${rejected.image} is tried again from its first step`);
  }
  const asked = undone && draft.views.get(undone.spec);
  if (asked && targetOf(asked) === target) {
    delete draft.memory.undone;
    return done(`${asked.image} is tried again from its first step`);
  }
  const now = rejected ? `; ${targetOf(rejected)} was` : '';
  return refused(`this release was not rolled back${now}`);
}

function undo(draft: Draft, target: string): Outcome {
  const { memory, input, views } = draft;
  const view = [...views.values()].find((one) => targetOf(one) === target);
  if (!view) return refused(unknown(draft));
  if (view.revision === memory.candidate?.revision) return refused('it is being tried already');
  if (view.revision === memory.stable?.revision && !memory.candidate) return refused('it serves already');
  if (view.revision === input.desired) {
    delete memory.undone;
    delete memory.rejected;
    return done(`${view.image}, which the spec asks for, is tried again`);
  }
  const why = wayBack(draft, view.revision);
  if (why) return refused(why);
  const { revision, number, image } = view;
  memory.undone = { revision, number, image, spec: input.desired, at: iso(draft) };
  return done(`back to ${image} (revision ${number}), until the spec asks for another release`);
}

function restart(draft: Draft, target: string): Outcome {
  const { memory } = draft;
  const one = [memory.stable, memory.candidate].find((role) => role && targetOf(role) === target);
  if (!one)
    return refused('only the release that serves and the one that is being tried have pods to restart');
  const others = (memory.restarts ?? []).filter(({ revision }) => revision !== one.revision);
  memory.restarts = [...others, { revision: one.revision, at: iso(draft) }].slice(-MOST_RESTARTS);
  return done(`the pods of ${one.image} are replaced one after the other`);
}

/** Why there is no way back to a release. */
function wayBack(draft: Draft, revision: string | undefined): string | undefined {
  return revision === undefined ? undefined : mayReturnTo(draft, revision);
}

function unknown({ views }: Draft): string {
  const known = [...views.values()].sort((a: RevisionView, b: RevisionView) => b.number - a.number);
  const list = known
    .slice(0, 5)
    .map((view) => `${targetOf(view)} (${view.image})`)
    .join(', ');
  return `there is no such release in the history; known are ${list}`;
}

function notThis(candidate: Candidate): Outcome {
  return refused(`the release that is being tried is ${targetOf(candidate)} (${candidate.image})`);
}

function done(message: string): Outcome {
  return { accepted: true, message };
}

function refused(message: string): Outcome {
  return { accepted: false, message };
}
