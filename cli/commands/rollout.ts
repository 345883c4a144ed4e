import { findEnvironment } from '../cluster/environments.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import { followRollout } from '../rollout/follow.ts';
import { pictureOf } from '../rollout/lines.ts';
import { stepWords, viewOf } from '../rollout/view.ts';
import type { Session } from '../session.ts';

export interface RolloutOptions {
  watch?: boolean;
  /** Milliseconds. */
  timeout?: number;
}

/** `rollout status`: how the release that is under way stands; with --watch until it has ended. */
export async function rolloutStatus(
  session: Session,
  name: string | undefined,
  { watch = false, timeout }: RolloutOptions,
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  if (watch)
    return followRollout(session, environment.metadata, timeout === undefined ? {} : { timeoutMs: timeout });
  const view = viewOf(environment);
  const { paint, columns } = session.terminal;
  show(session, view, () =>
    pictureOf(view, { steps: stepWords(environment), paint, now: session.now(), columns }),
  );
  return view.end?.exitCode ?? EXIT.notYet;
}
