import type { EnvironmentStatus } from '../api/status.ts';
import type { Course, Mark, Sample } from './shapes.ts';

/** What is kept of one rollout; of longer ones every second moment is given up, the latest are kept as they are. */
const MOST_SAMPLES = 240;
const MOST_MARKS = 160;
/** A candidate that is not older was made before our eyes: its beginning is known. */
const FRESH_MS = 5_000;

type Candidate = NonNullable<EnvironmentStatus['candidate']>;

/**
 * The course of the rollout as it goes on with this status; the same object when the status says nothing new, undefined while
 * there has been no rollout. A course that has ended stays until the next one begins. Pure.
 */
export function follow(
  course: Course | undefined,
  status: EnvironmentStatus | undefined,
  now: number,
): Course | undefined {
  const candidate = status?.candidate;
  if (!candidate) return course && !course.ended ? end(course, status, now) : course;
  const isSame =
    course &&
    !course.ended &&
    course.revision === candidate.revision &&
    course.startedAt === Date.parse(candidate.startedAt);
  const current = isSame ? course : begin(candidate, status, now);
  const samples = withSample(current.samples, sampleOf(candidate, status, now));
  const marks = withMarks(current.marks, marksOf(candidate));
  if (samples === current.samples && marks === current.marks) return current;
  return { ...current, samples, marks };
}

function begin(candidate: Candidate, status: EnvironmentStatus, now: number): Course {
  const startedAt = Date.parse(candidate.startedAt);
  const isFresh = now - startedAt < FRESH_MS;
  return {
    number: candidate.number,
    revision: candidate.revision,
    image: candidate.image,
    startedAt,
    seenFrom: isFresh ? startedAt : now,
    samples:
      isFresh && now > startedAt ? [[startedAt, 0, 0, candidate.replicas, status.readyReplicas ?? 0, 0]] : [],
    marks: [],
  };
}

function end(course: Course, status: EnvironmentStatus | undefined, now: number): Course {
  const is = (one?: { revision: string }) => one?.revision === course.revision;
  const outcome = is(status?.stable) ? 'promoted' : is(status?.rejected) ? 'rolledBack' : 'replaced';
  const [, , ready = 0, pods = 0, stableReady = 0, step = 0] = course.samples.at(-1) ?? [];
  const weight = outcome === 'promoted' ? 100 : 0;
  const last: Sample =
    outcome === 'promoted'
      ? [now, weight, status?.readyReplicas ?? ready, status?.replicas ?? pods, 0, step]
      : [now, weight, ready, pods, status?.readyReplicas ?? stableReady, step];
  return { ...course, samples: withSample(course.samples, last), ended: { at: now, outcome } };
}

function sampleOf(candidate: Candidate, status: EnvironmentStatus, now: number): Sample {
  const { weight, readyReplicas, replicas, step } = candidate;
  return [now, weight, readyReplicas, replicas, status.readyReplicas ?? 0, step];
}

function withSample(samples: Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  if (last?.every((value, i) => i === 0 || value === sample[i])) return samples;
  return [...thinned(samples, MOST_SAMPLES), sample];
}

/** The first and the newer half stay; of the older half every second one goes. */
function thinned<T>(all: T[], most: number): T[] {
  if (all.length < most) return all;
  const half = all.length >> 1;
  return all.filter((_, i) => i === 0 || i >= half || i % 2 === 0);
}

function marksOf(candidate: Candidate): Mark[] {
  const single = (candidate.measurements ?? []).map(({ at, verdict }) => ({
    at: Date.parse(at),
    verdict,
    what: 'requests',
  }));
  const runs = (candidate.analyses ?? []).flatMap(({ metrics }) =>
    metrics.flatMap(({ name, verdict, at }) =>
      verdict && at ? [{ at: Date.parse(at), verdict, what: name }] : [],
    ),
  );
  // A measurement of the analysis stands in both lists, there without its name.
  const named = new Set(runs.map(({ at }) => at));
  return [...single.filter(({ at }) => !named.has(at)), ...runs];
}

function withMarks(marks: Mark[], found: Mark[]): Mark[] {
  const fresh = found.filter(
    (mark) =>
      !marks.some(({ at, what }) => at === mark.at && (what === mark.what || mark.what === 'requests')),
  );
  if (fresh.length === 0) return marks;
  return [...thinned(marks, MOST_MARKS), ...fresh].sort((a, b) => a.at - b.at);
}
