import { GROUP, PLURAL } from '../api/well-known.ts';
import { bell } from './bell.ts';
import type { Hub } from './hub.ts';
import type { Row } from './shapes.ts';
import type { Stream } from './sse.ts';
import type { Viewer } from './viewer.ts';

/**
 * The list of environments as this person may see it: `hello` once, `environments` with all rows, then with those that
 * changed or went. When the rights change it ends with `again`, and the page opens it anew. Rejects when the token is no
 * longer valid.
 */
export async function streamList(
  stream: Stream,
  { hub, viewer, reviewMs }: { hub: Hub; viewer: Viewer; reviewMs: number },
): Promise<void> {
  const pending = new Set<string>();
  const news = bell();
  let isReviewDue = false;
  const stop = hub.listen(({ rows }) => {
    for (const key of rows) pending.add(key);
    news.ring();
  });
  const review = setInterval(() => {
    isReviewDue = true;
    news.ring();
  }, reviewMs);
  stream.signal.addEventListener('abort', news.ring);
  const asked = new Map<string, boolean>();
  try {
    const user = await viewer.user();
    const rows = await seen(hub.rows(), viewer, asked);
    await stream.send('hello', { user });
    await stream.send('environments', { all: true, rows, gone: [], ...(await blind(rows, viewer)) });
    while (!stream.signal.aborted) {
      await news.heard();
      if (isReviewDue) {
        isReviewDue = false;
        await viewer.user();
        if (await hasChanged(asked, viewer)) return await stream.send('again', {});
      }
      const keys = [...pending];
      pending.clear();
      const known = keys.flatMap((key) => hub.row(key) ?? []);
      const changed = await seen(known, viewer, asked);
      const gone = keys.filter((key) => !hub.row(key) && asked.get(key.split('/')[0] ?? ''));
      if (changed.length + gone.length > 0) await stream.send('environments', { rows: changed, gone });
    }
  } finally {
    stop();
    clearInterval(review);
  }
}

/** Those rows that this person may see; what was asked for is noted down. */
async function seen(rows: Row[], viewer: Viewer, asked: Map<string, boolean>): Promise<Row[]> {
  const namespaces = new Set(rows.map(({ namespace }) => namespace));
  await Promise.all(
    [...namespaces].map(async (namespace) => {
      if (!asked.has(namespace)) asked.set(namespace, await mayList(viewer, namespace));
    }),
  );
  return rows.filter(({ namespace }) => asked.get(namespace));
}

async function hasChanged(asked: Map<string, boolean>, viewer: Viewer): Promise<boolean> {
  const now = await Promise.all([...asked.keys()].map((namespace) => mayList(viewer, namespace)));
  return [...asked.values()].some((before, i) => before !== now[i]);
}

/** Who may list everywhere is asked about once, however many namespaces there are. */
async function mayList(viewer: Viewer, namespace: string): Promise<boolean> {
  const ask = { verb: 'list', group: GROUP, resource: PLURAL };
  return (await viewer.may(ask)) || (await viewer.may({ ...ask, namespace }));
}

/** Nothing to see may mean that there is nothing, or that it may not be seen. */
async function blind(rows: Row[], viewer: Viewer): Promise<{ refused?: string }> {
  if (rows.length > 0 || (await viewer.may({ verb: 'list', group: GROUP, resource: PLURAL }))) return {};
  const user = await viewer.user();
  return {
    refused: `${user} may not list ${PLURAL}.${GROUP} in any namespace that has one. Ask for a role with the verbs get and list on them.`,
  };
}
