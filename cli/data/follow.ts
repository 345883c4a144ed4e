import { silentLog } from '../../operator/kube/log.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import type { KubeObject, Resource } from '../../operator/kube/resources.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { showNext } from '../output.ts';
import type { Session } from '../session.ts';
import { withSpinner } from '../terminal/live.ts';
import { spoken } from '../terminal/words.ts';
import { type DataRecord, endOfRecord, recordLines, recordOf } from './records.ts';

/** Within this time somebody has to begin: the operator looks at once. */
const BEGIN_MS = 60_000;

/** Follows a backup or a restore until it is complete or has failed. Resolves with the exit code. */
export async function followRecord(
  session: Session,
  resource: Resource,
  metadata: { namespace: string; name: string },
  { timeoutMs }: { timeoutMs: number },
): Promise<ExitCode> {
  const record = await withSpinner(session, `${resource.kind} ${metadata.name}`, () =>
    untilOver(session, resource, metadata, timeoutMs),
  );
  if (record === undefined) return EXIT.interrupted;
  showNext(session, record, () => recordLines([record], session.terminal.paint, session.now()));
  const end = endOfRecord(record);
  if (end !== undefined) return end;
  session.note(
    record.state === 'waits'
      ? `Nobody has begun with it in ${spoken(BEGIN_MS)}: does the operator run, and is spec.backup.enabled true? It stays there and is done when the operator looks.`
      : `Not over after ${spoken(timeoutMs)}. It goes on by itself.`,
  );
  return EXIT.notYet;
}

/** The record when it is over, or as it is when the time is; undefined after Ctrl-C. Changes are told where nobody draws. */
async function untilOver(
  session: Session,
  resource: Resource,
  { namespace, name }: { namespace: string; name: string },
  timeoutMs: number,
): Promise<DataRecord | undefined> {
  const ending = new AbortController();
  const clocks = [setTimeout(() => ending.abort(), timeoutMs)];
  let last: DataRecord | undefined;
  let isGone = false;
  clocks.push(
    setTimeout(() => {
      if (last === undefined || last.state === 'waits') ending.abort();
    }, BEGIN_MS),
  );
  const seen = (object: KubeObject) => {
    const record = recordOf(object);
    const isNew = record.state !== last?.state || record.message !== last.message;
    last = record;
    if (endOfRecord(record) !== undefined) ending.abort();
    else if (isNew && !session.terminal.isLive && session.format === 'text')
      session.note(`${name} ${record.state}${record.message ? `: ${record.message}` : ''}`);
  };
  const reflector = new Reflector({
    client: session.client,
    resource,
    namespace,
    fieldSelector: `metadata.name=${name}`,
    log: silentLog,
    onChange: (event, object) => {
      if (event !== 'deleted') return seen(object);
      isGone = true;
      return ending.abort();
    },
  });
  await reflector.start(AbortSignal.any([session.signal, ending.signal]));
  for (const clock of clocks) clearTimeout(clock);
  if (session.signal.aborted) return undefined;
  if (isGone || last === undefined) throw new CliError(`${namespace}/${name} was deleted.`, EXIT.notFound);
  return last;
}
