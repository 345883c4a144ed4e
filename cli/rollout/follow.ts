import type { Environment } from '../../operator/api/resolved.ts';
import { pause } from '../../operator/kube/clock.ts';
import { targetOf } from '../../operator/rollout/candidate.ts';
import { followEnvironment } from '../cluster/environments.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { showNext } from '../output.ts';
import type { Session } from '../session.ts';
import { liveArea } from '../terminal/live.ts';
import { spoken } from '../terminal/words.ts';
import { changesOf, pictureOf } from './lines.ts';
import { type RolloutView, stepWords, viewOf } from './view.ts';

/** A spinner and the step's age move while nothing else does. */
const FRAME_MS = 250;

export interface FollowOptions {
  /** Gives up after so many milliseconds; never when left out. */
  timeoutMs?: number;
  /** Looks away from ends that are older than a command that was just given. */
  isOver?: (environment: Environment) => boolean;
}

/**
 * Follows the release that is under way until it is promoted or rolled back: a picture on a terminal, a line a change
 * elsewhere. A release that takes the place of the followed one is followed from then on. Resolves with the exit code.
 */
export async function followRollout(
  session: Session,
  metadata: { namespace: string; name: string },
  { timeoutMs, isOver = () => true }: FollowOptions = {},
): Promise<ExitCode> {
  const ending = new AbortController();
  const signal = AbortSignal.any([session.signal, ending.signal]);
  const clock = timeoutMs === undefined ? undefined : setTimeout(() => ending.abort(), timeoutMs);
  const area = liveArea(session);
  const isDrawn = session.terminal.isLive && session.format === 'text';
  const drawn: { environment?: Environment; view?: RolloutView } = {};
  if (isDrawn) void animate(session, area, drawn, signal);
  let followed: string | undefined;
  let before: RolloutView | undefined;
  try {
    for await (const environment of followEnvironment({ ...session, signal }, metadata)) {
      if (environment === undefined)
        throw new CliError(`${metadata.namespace}/${metadata.name} was deleted.`, EXIT.notFound);
      const { candidate } = environment.status ?? {};
      if (candidate) followed = targetOf(candidate);
      const view = viewOf(environment, followed);
      const isEnd = view.end !== undefined && isOver(environment);
      if (isDrawn) {
        Object.assign(drawn, { environment, view });
        draw(session, area, drawn);
      } else report(session, before, view);
      before = view;
      if (isEnd) return view.end?.exitCode ?? EXIT.done;
    }
  } finally {
    clearTimeout(clock);
    ending.abort();
    area.end();
  }
  if (session.signal.aborted) return EXIT.interrupted;
  session.note(
    `Not over after ${spoken(timeoutMs ?? 0)}: ${before?.summary || 'nothing was heard of it'}. It goes on by itself; kubectl cryptosense rollout status ${metadata.name} --watch follows it.`,
  );
  return EXIT.notYet;
}

function report(session: Session, before: RolloutView | undefined, view: RolloutView): void {
  const changes = changesOf(before, view);
  if (changes.length === 0) return;
  const at = new Date(session.now()).toISOString();
  showNext(session, { at, ...view }, () => changes.map((line) => `${at.slice(11, 19)}  ${line}`));
}

function draw(
  session: Session,
  area: { draw(lines: readonly string[]): void },
  { environment, view }: { environment?: Environment; view?: RolloutView },
): void {
  if (!environment || !view) return;
  const { paint, columns } = session.terminal;
  area.draw(pictureOf(view, { steps: stepWords(environment), paint, now: session.now(), columns }));
}

async function animate(
  session: Session,
  area: { draw(lines: readonly string[]): void },
  drawn: { environment?: Environment; view?: RolloutView },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    draw(session, area, drawn);
    await pause(FRAME_MS, signal);
  }
}
