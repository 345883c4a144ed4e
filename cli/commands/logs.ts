import { type Environment, LABELS } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { findEnvironment } from '../cluster/environments.ts';
import { readAll } from '../cluster/parts.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { followLogs, type LogSelection, type OnLine, readLogs } from '../logs/follow.ts';
import { historyOf } from '../rollout/history.ts';
import { namedRelease } from '../rollout/pick.ts';
import type { Session } from '../session.ts';

export interface LogsOptions {
  release?: string;
  component?: string;
  follow?: boolean;
  tail?: number;
  /** Milliseconds. */
  since?: number;
  previous?: boolean;
  timestamps?: boolean;
}

const TAIL = 20;

/** `logs`: what all pods of a release, or of a component, say, each line with the name of its pod. */
export async function logs(
  session: Session,
  name: string | undefined,
  options: LogsOptions,
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const selection = await selectionOf(session, environment, options);
  const print: OnLine = (pod, { at, text }) => {
    if (session.format === 'json') return session.print(JSON.stringify({ pod, at, text }));
    const stamp = options.timestamps ? `${session.terminal.paint('faint', at)} ` : '';
    return session.print(
      `${session.terminal.paint('busy', pod)} ${session.terminal.paint('faint', '│')} ${stamp}${text}`,
    );
  };
  if (options.follow) {
    await followLogs(session.client, selection, {
      signal: session.signal,
      onLine: print,
      onPod: (pod, isNew) => session.note(session.terminal.paint('faint', `${isNew ? '+' : '-'} ${pod}`)),
    });
    // It only ends by the hand of whoever looks at it.
    return EXIT.done;
  }
  const { lines, pods, silent } = await readLogs(session.client, selection, session.signal);
  if (pods.length === 0)
    throw new CliError(`No pod has these labels: ${selection.labelSelector}.`, EXIT.notFound);
  for (const { pod, ...line } of lines) print(pod, line);
  for (const { pod, why } of silent) session.note(`${pod}: no log: ${why}.`);
  return silent.length === pods.length ? EXIT.no : EXIT.done;
}

async function selectionOf(
  session: Session,
  environment: Environment,
  { release, component, follow, tail, since, previous }: LogsOptions,
): Promise<LogSelection> {
  const { namespace, name } = environment.metadata;
  const labels = [`${LABELS.environment}=${name}`];
  if (component !== undefined) labels.push(`${LABELS.component}=${component}`);
  else labels.push(`${LABELS.component}=api`, ...(await revisionLabel(session, environment, release)));
  // All that was ever said is much: who wants it says how much.
  const some = tail ?? (since === undefined && follow ? TAIL : undefined);
  return {
    namespace,
    labelSelector: labels.join(','),
    ...(some === undefined ? {} : { tailLines: some }),
    ...(since === undefined ? {} : { sinceSeconds: Math.max(1, Math.round(since / 1000)) }),
    ...(previous ? { previous } : {}),
  };
}

async function revisionLabel(
  session: Session,
  environment: Environment,
  release: string | undefined,
): Promise<string[]> {
  if (release === undefined) return [];
  const { namespace, name } = environment.metadata;
  const { items } = await readAll(session, {
    resource: RESOURCES.controllerRevisions,
    namespace,
    labelSelector: `${LABELS.environment}=${name},${LABELS.revision}`,
  });
  const { release: found } = namedRelease(release, historyOf(environment, items));
  return [`${LABELS.revision}=${found.slice(found.indexOf('-') + 1)}`];
}
