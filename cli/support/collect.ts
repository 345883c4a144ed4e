import { stringify } from 'yaml';
import { type Environment, LABELS, names } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { KubeError } from '../../operator/kube/errors.ts';
import { listAll } from '../../operator/kube/list-watch.ts';
import { type KubeObject, pathOf, type Resource } from '../../operator/kube/resources.ts';
import { RESTORES } from '../cluster/parts.ts';
import type { Session } from '../session.ts';
import { componentOf } from '../status/tree.ts';
import { redactedObject, redactedText } from './redact.ts';

/** A file of the bundle: its path inside it, and its text, which has no secret any more. */
export interface BundleFile {
  path: string;
  text: string;
}

const LOG_LINES = 2_000;
const LOG_BYTES = 2_000_000;

const EVENTS: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };
const NODES: Resource = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };
const CRDS: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** What the operator makes and watches, but for Secrets: those are not even read. */
const OBJECTS = Object.entries(RESOURCES).filter(
  ([key]) => key !== 'secrets' && key !== 'environments' && key !== 'backups',
);

/** Everything of a bundle, one file after the other. What cannot be read is a file that says why. */
export async function* collect(session: Session, environment: Environment): AsyncGenerator<BundleFile> {
  const { namespace, name } = environment.metadata;
  const labelSelector = `${LABELS.environment}=${name}`;
  yield fileOf('environment.yaml', environment);
  for (const [key, resource] of OBJECTS)
    yield* listed(session, `objects/${key}.yaml`, { resource, namespace, labelSelector });
  yield* listed(session, 'objects/backups.yaml', { resource: RESOURCES.backups, namespace });
  yield* listed(session, 'objects/restores.yaml', { resource: RESTORES, namespace });
  yield* listed(session, 'events.yaml', { resource: EVENTS, namespace });
  yield* listed(session, 'cluster/nodes.yaml', { resource: NODES });
  yield* listed(session, 'cluster/definitions.yaml', { resource: CRDS }, ({ metadata }) =>
    metadata.name.endsWith('.cryptosense.io'),
  );
  yield* pods(session, 'logs', { namespace, labelSelector });
  const operator = 'app.kubernetes.io/name=cryptosense-operator';
  for (const home of new Set(['cryptosense-system', namespace])) {
    yield* listed(session, `operator/${home}.yaml`, {
      resource: RESOURCES.deployments,
      namespace: home,
      labelSelector: operator,
    });
    yield* pods(session, 'operator/logs', { namespace: home, labelSelector: operator });
  }
  const secrets = [names(name).credentials];
  yield { path: 'README.txt', text: readme(environment, session.now(), secrets) };
}

function fileOf(path: string, object: unknown): BundleFile {
  return { path, text: stringify(redactedObject(object), { aliasDuplicateObjects: false, lineWidth: 0 }) };
}

type Selection = Parameters<typeof listAll>[1];

async function* listed(
  { client, signal }: Session,
  path: string,
  selection: Selection,
  keep: (object: KubeObject) => boolean = () => true,
): AsyncGenerator<BundleFile> {
  try {
    const { items } = await listAll<KubeObject>(client, selection, signal);
    const kept = items.filter(keep);
    if (kept.length > 0) yield fileOf(path, kept);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    yield { path: `${path}.not-read`, text: `${error.message}\n` };
  }
}

/** The end of the log of every container of the pods, and of the one before where it was restarted. */
async function* pods(
  session: Session,
  folder: string,
  selection: Omit<Selection, 'resource'>,
): AsyncGenerator<BundleFile> {
  const { client, signal } = session;
  let items: KubeObject[];
  try {
    ({ items } = await listAll<KubeObject>(client, { resource: RESOURCES.pods, ...selection }, signal));
  } catch (error) {
    // listed() says it already.
    if (error instanceof KubeError) return;
    throw error;
  }
  for (const pod of items) {
    const { containers = [] } = (pod.spec ?? {}) as { containers?: { name: string }[] };
    const { containerStatuses = [] } = (pod.status ?? {}) as {
      containerStatuses?: { name: string; restartCount?: number }[];
    };
    for (const { name } of containers) {
      const base = `${folder}/${componentOf(pod) || 'operator'}/${pod.metadata.name}.${name}`;
      yield* log(session, pod, `${base}.log`, { container: name });
      const restarts = containerStatuses.find((one) => one.name === name)?.restartCount ?? 0;
      if (restarts > 0) yield* log(session, pod, `${base}.previous.log`, { container: name, previous: true });
    }
  }
}

async function* log(
  { client, signal }: Session,
  { metadata }: KubeObject,
  path: string,
  query: { container: string; previous?: boolean },
): AsyncGenerator<BundleFile> {
  const lines: string[] = [];
  try {
    const asked = { ...query, tailLines: LOG_LINES, limitBytes: LOG_BYTES, timestamps: true };
    const text = client.lines({
      path: pathOf(RESOURCES.pods, metadata.namespace, metadata.name, 'log'),
      query: asked,
      signal,
    });
    for await (const line of text) lines.push(redactedText(line));
    yield { path, text: lines.map((line) => `${line}\n`).join('') };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    yield { path: `${path}.not-read`, text: `${error.message}\n` };
  }
}

function readme({ metadata }: Environment, now: number, secrets: readonly string[]): string {
  return [
    `CryptoSense environment ${metadata.namespace}/${metadata.name}, ${new Date(now).toISOString()}`,
    '',
    'Made by kubectl cryptosense support. Secrets are not read, not even by name and key; what looks like a secret in',
    `other objects, in Events and in logs is replaced. Its passwords are in ${secrets.join(', ')} and not here.`,
    'Look through it before you hand it on: what a program of yours writes into its log in a form of its own cannot be known.',
    '',
  ].join('\n');
}
