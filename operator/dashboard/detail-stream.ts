import { GROUP, PLURAL } from '../api/well-known.ts';
import { bell } from './bell.ts';
import { detailOf } from './detail.ts';
import type { Hub } from './hub.ts';
import { followRelated } from './related.ts';
import type { Course, Sample } from './shapes.ts';
import type { Stream } from './sse.ts';
import type { Viewer } from './viewer.ts';

/**
 * One environment: `environment` with everything of it at each change, `course` with the rollout so far and then with what came
 * to it, `events`, `backups` and `restores` each as a whole. Ends with `again` when the rights change, with `gone` when it is
 * deleted. The caller has made sure that it may be seen.
 */
export async function streamDetail(
  stream: Stream,
  { hub, viewer, reviewMs, key }: { hub: Hub; viewer: Viewer; reviewMs: number; key: string },
): Promise<void> {
  const [namespace = '', name = ''] = key.split('/');
  const may = (verb: string) => viewer.may({ verb, group: GROUP, resource: PLURAL, namespace, name });
  const mayPatch = await may('patch');
  const user = await viewer.user();
  const unsent = new Map<string, unknown>();
  const news = bell();
  let isTouched = true;
  let isReviewDue = false;
  news.ring();
  const stop = hub.listen(({ touched }) => {
    if (!touched.has(key)) return;
    isTouched = true;
    news.ring();
  });
  const review = setInterval(() => {
    isReviewDue = true;
    news.ring();
  }, reviewMs);
  stream.signal.addEventListener('abort', news.ring);
  followRelated(viewer, { namespace, name }, stream.signal, (what, list) => {
    unsent.set(what, list);
    news.ring();
  });
  let told = '';
  let course: Course | undefined;
  try {
    while (!stream.signal.aborted) {
      await news.heard();
      if (isReviewDue) {
        isReviewDue = false;
        await viewer.user();
        if (!(await may('get')) || (await may('patch')) !== mayPatch) return await stream.send('again', {});
      }
      if (isTouched) {
        isTouched = false;
        const environment = hub.environment(key);
        if (!environment) return await stream.send('gone', {});
        const detail = detailOf(environment);
        const json = JSON.stringify(detail);
        if (json !== told) await stream.send('environment', { user, mayPatch, detail });
        told = json;
        const now = hub.course(key);
        if (now && now !== course) await stream.send('course', additionTo(course, now));
        course = now;
      }
      for (const [what, list] of unsent) {
        unsent.delete(what);
        await stream.send(what, list);
      }
    }
  } finally {
    stop();
    clearInterval(review);
  }
}

/** What came to a course since it was told; all of it when it is another one, or when older moments were given up. */
function additionTo(before: Course | undefined, now: Course): Course & { since?: number } {
  const isLonger =
    before?.revision === now.revision &&
    before.startedAt === now.startedAt &&
    beginsWith(now.samples, before.samples);
  return isLonger
    ? { ...now, since: before.samples.length, samples: now.samples.slice(before.samples.length) }
    : now;
}

function beginsWith(samples: readonly Sample[], start: readonly Sample[]): boolean {
  const last = start.length - 1;
  return samples.length > last && (last < 0 || samples[last] === start[last]);
}
