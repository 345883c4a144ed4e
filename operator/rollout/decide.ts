import { advance } from './advance.ts';
import { foldMeasured } from './analysis/candidate.ts';
import { admit } from './candidate.ts';
import { obey } from './commands.ts';
import { contractWhenDue } from './contract.ts';
import { type Draft, finish, newDraft } from './draft.ts';
import { withdraw } from './endings.ts';
import { recover, start } from './first-deploy.ts';
import { isHeld, refuseReturn } from './frozen.ts';
import { forgetOtherInputs, retire } from './retirement.ts';
import { isSharedByOthers } from './sharing.ts';
import { leavingOf, serveStable } from './stable.ts';
import type { RolloutDecision, RolloutInput } from './state.ts';
import { stepsOf } from './steps.ts';

/**
 * What the releases of one environment should be now: pods and weights a revision.
 *
 * Pure: no clock, no I/O; the same input gives the same decision, so that an operator that died after any write
 * decides the same again. All strategies are one mechanism: pods and weights a revision over time. No weight is
 * given to a revision without a ready pod while another has one.
 */
export function decide(input: RolloutInput): RolloutDecision {
  const draft = newDraft(input);
  if (!draft.memory.stable) recover(draft);
  obey(draft);
  draft.input = { ...input, desired: wanted(draft) };
  if (!draft.memory.stable) start(draft);
  const { stable } = draft.memory;
  if (!stable) return finish(draft);

  const { desired } = draft.input;
  forgetOtherInputs(draft);
  foldMeasured(draft);
  refuseReturn(draft);
  const held = isHeld(draft);
  if (!held && draft.memory.candidate && draft.memory.candidate.revision !== desired) {
    const isBack = desired === stable.revision || desired === draft.memory.rejected?.revision;
    const why = isBack ? 'the spec asks for the stable release again' : 'a newer release was asked for';
    withdraw(draft, draft.memory.candidate, why);
  }
  if (held) advance(draft);
  else if (
    desired === stable.revision ||
    desired === draft.memory.rejected?.revision ||
    leavingOf(draft) ||
    isSharedByOthers(draft)
  ) {
    serveStable(draft);
    contractWhenDue(draft);
  } else {
    if (!draft.memory.candidate) admit(draft, stepsOf(input.policy));
    advance(draft);
  }
  preview(draft);
  retire(draft);
  return finish(draft);
}

/** What the spec asks for, unless somebody went back from it to another release. */
function wanted({ memory, input, views }: Draft): string {
  const { undone } = memory;
  if (undone && undone.spec === input.desired && views.has(undone.revision)) return undone.revision;
  delete memory.undone;
  return input.desired;
}

/** Blue-green has a Service of its own for a look at the new release; between two releases it leads to the stable one. */
function preview({ input, memory, views, decision }: Draft): void {
  if (input.policy.strategy !== 'blueGreen') return;
  const { candidate, stable } = memory;
  const isThere = candidate && (views.get(candidate.revision)?.ready ?? 0) > 0;
  const shown = isThere ? candidate.revision : stable?.revision;
  if (shown !== undefined) decision.preview = shown;
}
