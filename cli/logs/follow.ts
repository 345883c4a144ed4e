import { RESOURCES } from '../../operator/environment/resources.ts';
import { pause } from '../../operator/kube/clock.ts';
import { answered, KubeError } from '../../operator/kube/errors.ts';
import { listAll } from '../../operator/kube/list-watch.ts';
import { silentLog } from '../../operator/kube/log.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import { type KubeObject, pathOf } from '../../operator/kube/resources.ts';
import type { KubeClient, Query } from '../../operator/kube/transport.ts';
import { type LogLine, onceOnly, parsedLine } from './line.ts';

/** Which pods, and how much of what they said. */
export interface LogSelection {
  namespace: string;
  labelSelector: string;
  tailLines?: number;
  sinceSeconds?: number;
  previous?: boolean;
}

export type OnLine = (pod: string, line: LogLine) => void;

/** A quiet pod sends nothing, not even the beginning of an answer, until it has something to say. */
const FOR_EVER_MS = 2 ** 31 - 1;
const AGAIN_MS = 1_000;

/** What the pods have said until now, in the order of its moments. Throws KubeError. */
export async function readLogs(
  client: KubeClient,
  selection: LogSelection,
  signal: AbortSignal,
): Promise<{ lines: (LogLine & { pod: string })[]; pods: string[]; silent: { pod: string; why: string }[] }> {
  const { namespace, labelSelector } = selection;
  const { items } = await listAll<KubeObject>(
    client,
    { resource: RESOURCES.pods, namespace, labelSelector },
    signal,
  );
  const lines: (LogLine & { pod: string })[] = [];
  const silent: { pod: string; why: string }[] = [];
  for (const { metadata } of items) {
    try {
      for await (const line of client.lines({
        path: logPath(namespace, metadata.name),
        query: queryOf(selection),
        signal,
      }))
        lines.push({ pod: metadata.name, ...parsedLine(line) });
    } catch (error) {
      // One that has not started has no log yet, and one without a restart none of before.
      if (!answered(error, 400, 404, 500, 502, 503)) throw error;
      silent.push({ pod: metadata.name, why: error.message.replace(/^\S+ \S+: \d+ \w+: /, '') });
    }
  }
  lines.sort((a, b) => a.at.localeCompare(b.at));
  return { lines, pods: items.map(({ metadata }) => metadata.name), silent };
}

/** Calls back for every line of every pod, also of those that come later, until the signal is aborted. Throws KubeError. */
export async function followLogs(
  client: KubeClient,
  selection: LogSelection,
  {
    signal,
    onLine,
    onPod,
  }: { signal: AbortSignal; onLine: OnLine; onPod: (pod: string, isNew: boolean) => void },
): Promise<void> {
  const { namespace, labelSelector } = selection;
  // The reflector tries for ever: whoever may not list is told at once.
  await listAll(client, { resource: RESOURCES.pods, namespace, labelSelector }, signal);
  const failing = new AbortController();
  const until = AbortSignal.any([signal, failing.signal]);
  const followed = new Map<string, Promise<void>>();
  const pods = new Reflector({
    client,
    resource: RESOURCES.pods,
    namespace,
    labelSelector,
    log: silentLog,
    onChange: (event, pod) => {
      const { uid, name } = pod.metadata;
      const { phase } = (pod.status ?? {}) as { phase?: string };
      if (event === 'deleted') {
        if (followed.has(uid)) onPod(name, false);
        return;
      }
      // Before its container runs there is nothing to read.
      if (phase === 'Pending' || followed.has(uid)) return;
      onPod(name, true);
      const isThere = () => pods.store.list().some(({ metadata }) => metadata.uid === uid);
      const following = followPod(client, { ...selection, name }, { signal: until, onLine, isThere });
      followed.set(
        uid,
        following.catch((error: unknown) => failing.abort(error)),
      );
    },
  });
  await pods.start(until);
  await Promise.all(followed.values());
  if (failing.signal.aborted && !signal.aborted) throw failing.signal.reason;
}

/** One pod, over restarts of its container and cut connections, as long as it is there. */
async function followPod(
  client: KubeClient,
  { name, namespace, ...selection }: LogSelection & { name: string },
  { signal, onLine, isThere }: { signal: AbortSignal; onLine: OnLine; isThere: () => boolean },
): Promise<void> {
  const isNew = onceOnly();
  let last: string | undefined;
  while (!signal.aborted && isThere()) {
    const since: Query = last === undefined ? queryOf(selection) : { timestamps: true, sinceTime: last };
    try {
      const path = logPath(namespace, name);
      for await (const text of client.lines({
        path,
        query: { ...since, follow: true },
        signal,
        timeoutMs: FOR_EVER_MS,
      })) {
        const line = parsedLine(text);
        if (line.at !== '') last = line.at;
        if (isNew(line)) onLine(name, line);
      }
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (answered(error, 401, 403)) throw error;
      if (answered(error, 404)) return;
    }
    await pause(AGAIN_MS, signal);
  }
}

function logPath(namespace: string, name: string): string {
  return pathOf(RESOURCES.pods, namespace, name, 'log');
}

function queryOf({
  tailLines,
  sinceSeconds,
  previous,
}: Pick<LogSelection, 'tailLines' | 'sinceSeconds' | 'previous'>): Query {
  return {
    timestamps: true,
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(previous ? { previous } : {}),
  };
}
