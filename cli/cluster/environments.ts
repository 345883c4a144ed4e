import type { Environment } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { answered, KubeError } from '../../operator/kube/errors.ts';
import { listAll } from '../../operator/kube/list-watch.ts';
import { silentLog } from '../../operator/kube/log.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import { type KubeObject, pathOf } from '../../operator/kube/resources.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import { suggestion } from '../terminal/nearest.ts';

/** Environments of the session's namespace, or of all namespaces, by name. Throws KubeError. */
export async function listEnvironments(
  { client, namespace, signal }: Session,
  { isEverywhere = false } = {},
): Promise<Environment[]> {
  const selection = { resource: RESOURCES.environments, ...(isEverywhere ? {} : { namespace }) };
  const { items } = await listAll<KubeObject>(client, selection, signal);
  return (items as unknown as Environment[]).sort((a, b) =>
    `${a.metadata.namespace}/${a.metadata.name}`.localeCompare(`${b.metadata.namespace}/${b.metadata.name}`),
  );
}

/**
 * The environment of that name, or the only one of the namespace when no name is given. Throws CliError, with near names,
 * when it is not clear which one is meant.
 */
export async function findEnvironment(session: Session, name: string | undefined): Promise<Environment> {
  const { client, namespace, signal } = session;
  if (name !== undefined) {
    try {
      const path = pathOf(RESOURCES.environments, namespace, name);
      return await client.request<Environment>({ method: 'GET', path, signal });
    } catch (error) {
      if (!answered(error, 404) || error.details.name === undefined) throw error;
      throw new CliError(await notFound(session, name), EXIT.notFound);
    }
  }
  const all = await listEnvironments(session);
  const [only, ...others] = all;
  if (only === undefined)
    throw new CliError(
      `There is no environment in namespace ${namespace}. Name another one with -n; kubectl cryptosense status -A looks into all of them.`,
      EXIT.notFound,
    );
  if (others.length > 0)
    throw new CliError(
      `Namespace ${namespace} has ${all.length} environments: say which one, ${all.map(({ metadata }) => metadata.name).join(', ')}.`,
      EXIT.notFound,
    );
  return only;
}

async function notFound(session: Session, name: string): Promise<string> {
  const here = (await listEnvironments(session).catch(none)).map(({ metadata }) => metadata.name);
  const said = `There is no environment ${name} in namespace ${session.namespace}.`;
  const near = suggestion(name, here);
  if (near !== '') return `${said}${near}`;
  const everywhere = await listEnvironments(session, { isEverywhere: true }).catch(none);
  const elsewhere = everywhere.filter(({ metadata }) => metadata.name === name);
  if (elsewhere.length > 0)
    return `${said} There is one in ${elsewhere.map(({ metadata }) => metadata.namespace).join(', ')}: add -n.`;
  return here.length > 0
    ? `${said} There ${here.length === 1 ? 'is' : 'are'} ${here.join(', ')}.`
    : `${said} It has none; kubectl cryptosense status -A looks into all namespaces.`;
}

/** Near names are help, and no reason to fail: whoever may read one environment need not be able to list them. */
function none(error: unknown): Environment[] {
  if (error instanceof KubeError) return [];
  throw error;
}

/**
 * The environment as it is, and again whenever it changes; what changes while the consumer works is skipped but for the
 * newest. Ends with `undefined` when the environment is deleted, and without it when the signal is aborted.
 */
export async function* followEnvironment(
  { client, signal }: Pick<Session, 'client' | 'signal'>,
  { namespace, name }: { namespace: string; name: string },
): AsyncGenerator<Environment | undefined> {
  const selection = { resource: RESOURCES.environments, namespace, fieldSelector: `metadata.name=${name}` };
  // The reflector tries for ever: whoever may not list is told at once.
  await listAll(client, selection, signal);
  const ending = new AbortController();
  let newest: KubeObject | undefined;
  let isGone = false;
  let wake: () => void = () => {};
  const reflector = new Reflector({
    client,
    ...selection,
    log: silentLog,
    onChange: (event, object) => {
      isGone = event === 'deleted';
      newest = object;
      wake();
    },
  });
  const stop = () => {
    ending.abort();
    wake();
  };
  signal.addEventListener('abort', stop, { once: true });
  const running = reflector.start(ending.signal);
  try {
    for (;;) {
      if (signal.aborted) return;
      if (isGone) return yield undefined;
      if (newest !== undefined) {
        const next = newest;
        newest = undefined;
        yield next as unknown as Environment;
        continue;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener('abort', stop);
    ending.abort();
    await running;
  }
}
