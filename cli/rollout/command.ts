import type { Environment } from '../../operator/api/resolved.ts';
import { ASKED_BY } from '../../operator/api/well-known.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { mergePatch } from '../../operator/kube/apply.ts';
import { answered } from '../../operator/kube/errors.ts';
import { followEnvironment } from '../cluster/environments.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import type { Asked } from './pick.ts';

/** What the operator said to a command. */
export interface Answer {
  command: Asked;
  release: string;
  accepted: boolean;
  message: string;
  at?: string;
  by?: string;
}

/** How long the operator may take for its answer: it looks at once, and writes its status after its writes. */
const ANSWER_MS = 30_000;

const annotationOf = (command: Asked) => `cryptosense.io/${command}`;

/**
 * Gives a command by annotation and waits for what the operator answers in status. Throws CliError when it does not, or
 * KubeError when the annotation is refused.
 */
export async function give(
  session: Session,
  environment: Environment,
  { command, release, timeoutMs = ANSWER_MS }: { command: Asked; release: string; timeoutMs?: number },
): Promise<Answer> {
  const { namespace, name } = environment.metadata;
  const by = await whoAmI(session);
  const annotations = {
    [annotationOf(command)]: release,
    ...(by === undefined ? {} : { [ASKED_BY]: by }),
  };
  const given = (await mergePatch(
    session.client,
    RESOURCES.environments,
    namespace,
    name,
    { metadata: { annotations } },
    { fieldManager: 'kubectl-cryptosense', signal: session.signal },
  )) as unknown as Environment;
  const ending = AbortSignal.any([session.signal, AbortSignal.timeout(timeoutMs)]);
  for await (const seen of followEnvironment({ ...session, signal: ending }, { namespace, name })) {
    if (seen === undefined) throw new CliError(`${namespace}/${name} was deleted.`, EXIT.notFound);
    const answer = answerOf({ command, release }, given, seen);
    if (answer) return answer;
  }
  if (session.signal.aborted)
    throw new CliError(`${command} was asked for; its answer was not waited for.`, EXIT.interrupted);
  throw new CliError(noAnswer(environment, command, timeoutMs), EXIT.notYet);
}

/**
 * The operator's answer, once it is in a status: it takes the annotation away when it has written what came of it.
 * `given` is the environment as the annotation was written. Pure.
 */
export function answerOf(
  { command, release }: { command: Asked; release: string },
  given: Environment,
  seen: Environment,
): Answer | undefined {
  if (command === 'contract') return contractAnswer(release, given, seen);
  const { lastCommand } = seen.status ?? {};
  if (lastCommand?.verb !== command || lastCommand.target !== release) return undefined;
  const before = given.status?.lastCommand;
  const isOld = before?.verb === command && before.target === release && before.at === lastCommand.at;
  const isPending = seen.metadata.annotations?.[annotationOf(command)] === release;
  // One that is still being cleared away is not carried out twice: its answer is the answer to this one, too.
  if (isOld && isPending) return undefined;
  const { accepted, message, at, by } = lastCommand;
  return { command, release, accepted, message, at, ...(by === undefined ? {} : { by }) };
}

/** A contract migration has no answer of its own: what became of it is the condition SchemaReady. */
function contractAnswer(release: string, given: Environment, seen: Environment): Answer | undefined {
  const conditionOf = ({ status }: Environment) =>
    status?.conditions?.find(({ type }) => type === 'SchemaReady');
  const [before, after] = [conditionOf(given), conditionOf(seen)];
  if (after === undefined) return undefined;
  const base = { command: 'contract' as const, release, message: after.message.replace(/\.$/, '') };
  if (after.reason === 'ContractFailed' && before?.reason !== after.reason)
    return { ...base, accepted: false };
  if (after.reason === 'BackupNeeded' || after.reason === 'WaitingForBackup')
    return { ...base, accepted: false };
  if (after.reason === 'ContractPending') return undefined;
  return { ...base, accepted: after.reason !== 'ContractFailed' };
}

function noAnswer({ metadata, spec }: Environment, command: Asked, timeoutMs: number): string {
  const seconds = Math.round(timeoutMs / 1000);
  if (spec.paused)
    return `${command} waits: no command is carried out while spec.paused is true. It will be when it is false, or take it back with kubectl -n ${metadata.namespace} annotate cse ${metadata.name} ${annotationOf(command)}-.`;
  return `The operator has not answered in ${seconds} s. The command is noted and will be carried out when it looks; is it running? kubectl cryptosense doctor ${metadata.name} says so.`;
}

/** The name that the API server knows the user by; undefined where it does not tell. */
async function whoAmI({ client, signal }: Session): Promise<string | undefined> {
  try {
    const { status } = await client.request<{ status?: { userInfo?: { username?: string } } }>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      signal,
    });
    return status?.userInfo?.username;
  } catch (error) {
    if (answered(error, 403, 404)) return undefined;
    throw error;
  }
}
