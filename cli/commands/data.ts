import type { Environment } from '../../operator/api/resolved.ts';
import { resolveEnvironment } from '../../operator/api/resolved.ts';
import { API_VERSION } from '../../operator/api/well-known.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { create } from '../../operator/kube/apply.ts';
import { answered } from '../../operator/kube/errors.ts';
import type { KubeObject, Resource } from '../../operator/kube/resources.ts';
import { findEnvironment } from '../cluster/environments.ts';
import { RESTORES, readAll } from '../cluster/parts.ts';
import { followRecord } from '../data/follow.ts';
import { recordLines, recordName, recordOf } from '../data/records.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { show, showNext } from '../output.ts';
import type { Session } from '../session.ts';
import { confirmByTyping } from '../terminal/ask.ts';
import { suggestion } from '../terminal/nearest.ts';

const HOUR_MS = 3_600_000;

export interface FollowOptions {
  name?: string;
  /** Commander's --no-wait. */
  wait?: boolean;
  /** Milliseconds. */
  timeout?: number;
}

/** `backups`: those of the environment, and its restores and drills, the newest first. */
export async function backups(session: Session, name: string | undefined): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  const [taken, restored] = await Promise.all(
    [RESOURCES.backups, RESTORES].map((resource) => recordsOf(session, resource, namespace, own)),
  );
  const value = { backups: (taken ?? []).map(recordOf), restores: (restored ?? []).map(recordOf) };
  const { paint } = session.terminal;
  show(session, value, () => [
    ...(value.backups.length > 0
      ? recordLines(value.backups, paint, session.now())
      : [`${own} has no backup: kubectl cryptosense backup ${own} takes one.`]),
    ...(value.restores.length > 0 ? ['', ...recordLines(value.restores, paint, session.now())] : []),
  ]);
  return EXIT.done;
}

async function recordsOf(
  session: Session,
  resource: Resource,
  namespace: string,
  environment: string,
): Promise<KubeObject[]> {
  const { items, missing } = await readAll(session, { resource, namespace });
  if (missing === 'forbidden')
    throw new CliError(
      `You may not list ${resource.plural} in namespace ${namespace}. Ask for that right.`,
      EXIT.rights,
    );
  return items.filter(({ spec }) => (spec as { environment?: string }).environment === environment);
}

/** `backup`: takes one now, and follows it. */
export async function backup(
  session: Session,
  name: string | undefined,
  { type, ...options }: FollowOptions & { type?: 'full' | 'dump' },
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  assertEnabled(environment, 'no backup could be taken');
  const spec = { environment: environment.metadata.name, ...(type ? { type } : {}) };
  return made(session, RESOURCES.backups, environment, spec, options);
}

export interface RestoreOptions extends FollowOptions {
  backup?: string;
  time?: string;
  lsn?: string;
  point?: string;
  inPlace?: boolean;
  confirm?: string;
  withoutSafetyBackup?: boolean;
}

/** `restore`: into a scratch database, or with --in-place over the data, for which the name has to be typed. */
export async function restore(
  session: Session,
  name: string | undefined,
  {
    backup: from,
    time,
    lsn,
    point,
    inPlace = false,
    confirm,
    withoutSafetyBackup = false,
    ...options
  }: RestoreOptions,
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  assertEnabled(environment, 'there is nothing to restore from');
  const target = Object.fromEntries(
    Object.entries({
      backup: from,
      time: time === undefined ? undefined : momentOf(time),
      lsn,
      name: point,
    }).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(target).length > 1)
    throw new CliError('A restore goes to one of --backup, --time, --lsn and --point: name one.', EXIT.usage);
  if (withoutSafetyBackup && !inPlace)
    throw new CliError('--without-safety-backup is for --in-place: nothing else replaces data.', EXIT.usage);
  if (from !== undefined) await assertThere(session, namespace, own, from);
  if (inPlace) {
    const to =
      Object.entries(target)
        .map(([kind, value]) => `${kind} ${value}`)
        .join() || 'the newest state';
    const sentence = `The data of ${namespace}/${own} is replaced by ${to}; ${
      withoutSafetyBackup
        ? 'what was written since is lost, and no backup of it is taken'
        : 'a full backup of what is there now is taken first'
    }. Clients get 503 until it is done.`;
    const isMeant = confirm === undefined ? await confirmByTyping(session, sentence, own) : confirm === own;
    if (!isMeant) throw new CliError(`That is not ${own}: nothing was done.`, EXIT.usage);
  }
  const spec = {
    environment: own,
    mode: inPlace ? 'inPlace' : 'drill',
    ...(Object.keys(target).length > 0 ? { target } : {}),
    ...(inPlace ? { confirm: own } : {}),
    ...(withoutSafetyBackup ? { withoutSafetyBackup } : {}),
  };
  return made(session, RESTORES, environment, spec, options);
}

async function made(
  session: Session,
  resource: Resource,
  { metadata }: Environment,
  spec: object,
  { name, wait = true, timeout = HOUR_MS }: FollowOptions,
): Promise<ExitCode> {
  const { namespace } = metadata;
  const own = name ?? recordName(metadata.name, session.now());
  const manifest = { apiVersion: API_VERSION, kind: resource.kind, metadata: { name: own, namespace }, spec };
  try {
    await create(session.client, resource, manifest, {
      fieldManager: 'kubectl-cryptosense',
      signal: session.signal,
    });
  } catch (error) {
    if (!answered(error, 409)) throw error;
    throw new CliError(`There is a ${resource.kind} ${own} already: name another one with --name.`, EXIT.no);
  }
  if (!wait) {
    showNext(session, { name: own, kind: resource.kind }, () => [
      `${session.terminal.paint('good', '✓')} ${resource.kind} ${own} is asked for.`,
    ]);
    return EXIT.done;
  }
  return followRecord(session, resource, { namespace, name: own }, { timeoutMs: timeout });
}

function assertEnabled(environment: Environment, so: string): void {
  const { name } = environment.metadata;
  if (resolveEnvironment(environment).spec.backup.enabled) return;
  throw new CliError(
    `spec.backup.enabled of ${name} is false, so ${so}. Name a bucket and an encryption Secret in spec.backup first: examples/features/backup.yaml.`,
    EXIT.no,
  );
}

async function assertThere(
  session: Session,
  namespace: string,
  environment: string,
  name: string,
): Promise<void> {
  const all = (await recordsOf(session, RESOURCES.backups, namespace, environment)).map(
    ({ metadata }) => metadata.name,
  );
  if (all.includes(name)) return;
  throw new CliError(
    `${environment} has no backup ${name}.${suggestion(name, all)} kubectl cryptosense backups ${environment} lists them.`,
    EXIT.notFound,
  );
}

/** A moment as the API takes it. */
function momentOf(text: string): string {
  const at = Date.parse(text);
  // Without a zone it would be the time of this machine, and off by hours.
  if (Number.isNaN(at) || !/(Z|[+-]\d\d:\d\d)$/.test(text))
    throw new CliError(
      `--time is "${text}": write a moment with its zone, such as 2026-11-23T09:30:00Z.`,
      EXIT.usage,
    );
  return new Date(at).toISOString();
}
