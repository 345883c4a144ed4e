import { LABELS } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { findEnvironment } from '../cluster/environments.ts';
import { readAll } from '../cluster/parts.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { show, showNext } from '../output.ts';
import { type Answer, give } from '../rollout/command.ts';
import { endOf } from '../rollout/end.ts';
import { followRollout } from '../rollout/follow.ts';
import { historyOf } from '../rollout/history.ts';
import { type Asked, namedRelease, type Picked, pickRelease } from '../rollout/pick.ts';
import type { Session } from '../session.ts';
import { confirm } from '../terminal/ask.ts';
import { withSpinner } from '../terminal/live.ts';

export interface ReleaseOptions {
  /** Number, revision, both or image. */
  release?: string;
  yes?: boolean;
  watch?: boolean;
  /** Milliseconds for the operator's answer. */
  timeout?: number;
}

const QUESTIONS: Record<Asked, (picked: string, environment: string) => string> = {
  promote: (release, name) =>
    `End the pause or analysis that ${release} is at in ${name}, and go one step on?`,
  'promote-full': (release, name) =>
    `Take ${release} to its end in ${name}, without further pauses and analyses?`,
  abort: (release, name) => `Take all requests away from ${release} in ${name}?`,
  retry: (release, name) => `Try ${release} again in ${name}, from its first step?`,
  undo: (release, name) => `Go back to ${release} in ${name}?`,
  pause: (release, name) => `Hold ${release} in ${name} where it is?`,
  resume: (release, name) => `Let ${release} go on in ${name}?`,
  restart: (release, name) => `Replace the pods of ${release} in ${name} one after the other?`,
  contract: (release, name) =>
    `Run the contract migration of ${release} in ${name}? After it there is no return to an earlier release.`,
};

/** `promote`, `abort` and the other commands to a release: asks, gives the command, says what the operator answered. */
export async function releaseCommand(
  session: Session,
  command: Asked,
  name: string | undefined,
  { release, yes = false, watch = false, timeout }: ReleaseOptions,
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  const { items } = await readAll(session, {
    resource: RESOURCES.controllerRevisions,
    namespace,
    labelSelector: `${LABELS.environment}=${own},${LABELS.revision}`,
  });
  const entries = historyOf(environment, items);
  const picked: Picked =
    release === undefined ? pickRelease(command, environment, entries) : namedRelease(release, entries);
  const question = QUESTIONS[command](`${picked.image} (${picked.release})`, `${namespace}/${own}`);
  // Who names the release has said which one is meant.
  if (!(await confirm(session, question, yes || release !== undefined))) {
    session.note('Nothing was done.');
    return EXIT.no;
  }
  const answer = await withSpinner(session, `${command} ${picked.release}`, () =>
    give(session, environment, {
      command,
      release: picked.release,
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    }),
  );
  say(session, answer, watch);
  if (!answer.accepted) return EXIT.no;
  if (!watch) return EXIT.done;
  const before = endOf(environment)?.sentence;
  return followRollout(session, environment.metadata, {
    // A retry or an undo begins a moment after its answer: what was at rest before is no end.
    isOver: (seen) => seen.status?.candidate !== undefined || endOf(seen)?.sentence !== before,
  });
}

function say(session: Session, answer: Answer, isFollowed: boolean): void {
  const { accepted, message, command } = answer;
  const { paint } = session.terminal;
  if (session.format !== 'text') (isFollowed ? showNext : show)(session, answer, () => []);
  else if (accepted) session.print(`${paint('good', '✓')} ${message}.`);
  else session.note(`${paint('bad', '✗')} ${command} was refused: ${message}.`);
}
