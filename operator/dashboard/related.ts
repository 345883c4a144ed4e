import { BACKUP_PLURAL, GROUP, VERSION } from '../api/well-known.ts';
import { RESOURCES } from '../environment/resources.ts';
import { silentLog } from '../kube/log.ts';
import { Reflector } from '../kube/reflector.ts';
import type { KubeObject, Resource } from '../kube/resources.ts';
import type { BackupView, EventView, Related, RestoreView } from './shapes.ts';
import type { Viewer } from './viewer.ts';

const EVENTS: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
const RESTORES: Resource = {
  group: GROUP,
  version: VERSION,
  plural: 'cryptosenserestores',
  kind: 'CryptoSenseRestore',
  namespaced: true,
};
/** Of each list the newest are shown. */
const MOST = 50;
const GATHER_MS = 150;

interface Conditioned {
  conditions?: { type: string; status: string; message: string }[];
}

/** One list that belongs to an environment, under its name in the stream. */
interface Kind {
  name: 'events' | 'backups' | 'restores';
  resource: Resource;
  fieldSelector?: (name: string) => string;
  isOf: (object: KubeObject, environment: string) => boolean;
  view: (object: KubeObject) => EventView | BackupView | RestoreView;
  /** By which the newest is found. */
  at: (object: KubeObject) => string;
}

const isAbout = ({ spec }: KubeObject, environment: string) =>
  (spec as { environment?: string } | undefined)?.environment === environment;
const createdAt = ({ metadata }: KubeObject) => metadata.creationTimestamp ?? '';

const KINDS: readonly Kind[] = [
  {
    name: 'events',
    resource: EVENTS,
    fieldSelector: (name) => `involvedObject.kind=${RESOURCES.environments.kind},involvedObject.name=${name}`,
    isOf: () => true,
    view: eventView,
    at: lastSeen,
  },
  {
    name: 'backups',
    resource: { ...RESOURCES.backups, plural: BACKUP_PLURAL },
    isOf: isAbout,
    view: backupView,
    at: createdAt,
  },
  { name: 'restores', resource: RESTORES, isOf: isAbout, view: restoreView, at: createdAt },
];

/**
 * Follows the Events, backups and restores of an environment with the viewer's own token until the signal is aborted. Each
 * list is told when it is there and when it changes, or once with the sentence why it cannot be seen.
 */
export function followRelated(
  viewer: Viewer,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
  tell: (what: Kind['name'], list: Related<unknown>) => void,
): void {
  for (const kind of KINDS)
    void one(viewer, kind, { namespace, name }, signal, (list) => tell(kind.name, list)).catch(() =>
      tell(kind.name, { refused: 'The API server does not answer for it.' }),
    );
}

async function one(
  viewer: Viewer,
  { resource, fieldSelector, isOf, view, at }: Kind,
  { namespace, name }: { namespace: string; name: string },
  signal: AbortSignal,
  tell: (list: Related<unknown>) => void,
): Promise<void> {
  const { group, plural } = resource;
  const asks = ['list', 'watch'].map((verb) => viewer.may({ verb, group, resource: plural, namespace }));
  if (!(await Promise.all(asks)).every(Boolean))
    return tell({ refused: `${await viewer.user()} may not list and watch ${plural} in ${namespace}.` });
  let timer: NodeJS.Timeout | undefined;
  const reflector: Reflector = new Reflector({
    client: viewer.client,
    resource,
    namespace,
    ...(fieldSelector ? { fieldSelector: fieldSelector(name) } : {}),
    log: silentLog,
    onChange: (_event, object) => {
      if (isOf(object, name)) timer ??= setTimeout(say, GATHER_MS);
    },
  });
  const say = () => {
    timer = undefined;
    if (signal.aborted) return;
    const items = reflector.store
      .list()
      .filter((object) => isOf(object, name))
      .sort((a, b) => at(b).localeCompare(at(a)));
    tell({ items: items.slice(0, MOST).map(view) });
  };
  void reflector.start(signal);
  await reflector.synced;
  clearTimeout(timer);
  say();
}

interface Seen {
  lastTimestamp?: string;
  eventTime?: string;
  firstTimestamp?: string;
  series?: { lastObservedTime?: string; count?: number };
  count?: number;
}

function lastSeen(object: KubeObject): string {
  const { series, lastTimestamp, eventTime, firstTimestamp } = object as Seen & KubeObject;
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp ?? createdAt(object);
}

function eventView(object: KubeObject): EventView {
  const { type = '', reason = '', message = '' } = object as unknown as Partial<EventView>;
  const { series, count } = object as Seen & KubeObject;
  return {
    id: object.metadata.uid,
    type,
    reason,
    message,
    at: lastSeen(object),
    count: series?.count ?? count ?? 1,
  };
}

function stateOf(status: Conditioned, type: string): { status: string; message: string } {
  return status.conditions?.find((one) => one.type === type) ?? { status: 'Unknown', message: '' };
}

function backupView({ metadata, spec, status }: KubeObject): BackupView {
  const { type = 'full' } = (spec ?? {}) as { type?: string };
  const said = (status ?? {}) as Conditioned & {
    startedAt?: string;
    completedAt?: string;
    verifiedAt?: string;
    sizeBytes?: number;
  };
  const [completed, verified] = [stateOf(said, 'Completed'), stateOf(said, 'Verified')];
  const at = said.completedAt ?? said.startedAt ?? metadata.creationTimestamp;
  return {
    name: metadata.name,
    type,
    ...(at ? { at } : {}),
    ...(said.sizeBytes === undefined ? {} : { sizeBytes: said.sizeBytes }),
    completed: completed.status,
    verified: verified.status,
    ...(said.verifiedAt ? { verifiedAt: said.verifiedAt } : {}),
    message: (completed.status === 'True' ? verified : completed).message,
  };
}

function restoreView({ metadata, spec, status }: KubeObject): RestoreView {
  const { mode = '' } = (spec ?? {}) as { mode?: string };
  const said = (status ?? {}) as Conditioned & {
    completedAt?: string;
    startedAt?: string;
    rtoSeconds?: number;
    rpoSeconds?: number;
  };
  const { status: completed, message } = stateOf(said, 'Completed');
  const at = said.completedAt ?? said.startedAt ?? metadata.creationTimestamp;
  return {
    name: metadata.name,
    mode,
    ...(at ? { at } : {}),
    completed,
    message,
    ...(said.rtoSeconds === undefined ? {} : { rtoSeconds: said.rtoSeconds }),
    ...(said.rpoSeconds === undefined ? {} : { rpoSeconds: said.rpoSeconds }),
  };
}
