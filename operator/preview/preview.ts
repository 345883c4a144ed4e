import { type Environment, names } from '../api/resolved.ts';
import { answered } from '../kube/errors.ts';
import type { KubeClient } from '../kube/transport.ts';
import { ASSUMED, type Assumptions } from './behaviour.ts';
import {
  dryRunApply,
  dryRunEnvironment,
  observeCluster,
  readEnvironment,
  sentencesOf,
  type Written,
} from './cluster.ts';
import { type FieldChange, fieldChanges } from './diff.ts';
import { type Course, type Step, simulate, type Write } from './simulate.ts';
import { type Observed, PreviewWorld } from './world.ts';

/** An object that would be another one, or not be there. */
export interface Change extends Omit<Write, 'manifest'> {
  afterMs: number;
  fields: FieldChange[];
  /** Its pods are made anew. */
  replacesPods: boolean;
}

export interface Preview {
  namespace: string;
  name: string;
  /** Whether the environment would be made. */
  isNew: boolean;
  /** Sentences of the API server and of the operator; nothing would be changed, or not this. */
  refused: string[];
  /** What of the resource itself would be other than it is. */
  resource: FieldChange[];
  changes: Change[];
  /** Objects that could not be checked, because whoever asks may not write them. */
  unchecked: string[];
  steps: (Omit<Step, 'writes' | 'waits'> & {
    writes: Omit<Write, 'manifest'>[];
    waits?: { for: string; message: string };
  })[];
  releases: Course['releases'];
  later: string[];
  summary: string;
  isAtRest: boolean;
  endsAfterMs: number;
  assumptions: Assumptions;
}

/**
 * What would happen if `written` were applied at `now` (milliseconds since the epoch). Everything is read, some of it is
 * written as a dry run, and nothing is kept. Throws KubeError when the cluster cannot be asked.
 */
export async function previewOf(
  client: KubeClient,
  written: Written,
  { now, assumptions = ASSUMED }: { now: number; assumptions?: Assumptions },
): Promise<Preview> {
  const { name, namespace } = written.metadata;
  const live = await readEnvironment(client, namespace, name);
  const base = { namespace, name, isNew: live === undefined, assumptions };
  let environment: Environment;
  try {
    environment = await dryRunEnvironment(client, written, live);
  } catch (error) {
    if (!answered(error, 400, 403, 404, 409, 422)) throw error;
    return { ...NOTHING, ...base, refused: sentencesOf(error) };
  }
  const resource = fieldChanges(live && contentOf(live), contentOf(environment));
  if (environment.metadata.deletionTimestamp) {
    const refused = ['The environment is being deleted: nothing is changed any more.'];
    return { ...NOTHING, ...base, refused, resource };
  }
  const observed = await observeCluster(client, namespace, name);
  const course = simulate(new PreviewWorld(environment, observed, now, assumptions), now);
  const checked = await check(client, course, environment, observed);
  const same = new Set(checked.same);
  const steps = course.steps
    .map(({ writes, waits, ...step }) => ({
      ...step,
      writes: writes.filter((write) => !same.has(keyOf(write))).map(({ manifest: _, ...write }) => write),
      ...(waits ? { waits: { for: waits.for, message: waits.message } } : {}),
    }))
    .filter(({ writes, says, waits }) => writes.length > 0 || says.length > 0 || waits);
  const { releases, later, summary, isAtRest, endsAfterMs } = course;
  const refused = [...course.refused, ...checked.refused];
  const { changes, unchecked } = checked;
  return {
    ...base,
    resource,
    steps,
    releases,
    later,
    summary,
    isAtRest,
    endsAfterMs,
    refused,
    changes,
    unchecked,
  };
}

/** 0: there is nothing to do; 1: something is refused; 2: something would be changed. As of `kubectl diff` and `terraform plan`. */
export function exitCodeOf({ refused, resource, steps }: Preview): 0 | 1 | 2 {
  if (refused.length > 0) return 1;
  return resource.length > 0 || steps.length > 0 ? 2 : 0;
}

const NOTHING: Omit<Preview, 'namespace' | 'name' | 'isNew' | 'assumptions'> = {
  refused: [],
  resource: [],
  changes: [],
  unchecked: [],
  steps: [],
  releases: {},
  later: [],
  summary: '',
  isAtRest: false,
  endsAfterMs: 0,
};

/** Asks the API server what it makes of each object that is written. */
async function check(client: KubeClient, course: Course, environment: Environment, observed: Observed) {
  const its = names(environment.metadata.name);
  const revisions = Object.values(course.releases).map(({ revision }) => revision);
  const isOfRelease = ({ kind, name }: Write) =>
    (['HTTPRoute', 'Service'].includes(kind) && name === its.api) ||
    revisions.some((revision) => name.endsWith(`-${revision}`));
  const found = await Promise.all(
    firstWrites(course.steps).map(async ({ manifest, afterMs, ...write }) => {
      const { verb, kind, name } = write;
      const change: Change = { ...write, afterMs, fields: [], replacesPods: false };
      const answer = manifest && (await dryRunApply(client, manifest, verb === 'create', environment));
      if (manifest && answer && verb === 'change') {
        const live = observed.objects.find((one) => one.kind === kind && one.metadata.name === name);
        // Without the API server's defaults only what is written can be compared.
        const isWhole = answer.type === 'taken';
        change.fields = fieldChanges(
          isWhole ? live : likeness(live, manifest),
          isWhole ? answer.object : manifest,
        );
        change.replacesPods = change.fields.some(({ path }) => path.startsWith('spec.template.'));
      }
      return { change, answer, isOfRelease: isOfRelease(write) };
    }),
  );
  const isSame = ({ change, answer }: (typeof found)[number]) =>
    change.verb === 'change' && answer?.type === 'taken' && change.fields.length === 0;
  return {
    refused: found.flatMap(({ answer }) => (answer?.type === 'refused' ? [answer.message] : [])),
    unchecked: found.flatMap(({ answer, change }) => (answer?.type === 'unchecked' ? [keyOf(change)] : [])),
    same: found.filter(isSame).map(({ change }) => keyOf(change)),
    changes: found.filter((one) => !one.isOfRelease && !isSame(one)).map(({ change }) => change),
  };
}

/** What is done first with each object. */
function firstWrites(steps: readonly Step[]): (Write & { afterMs: number })[] {
  const first = new Map<string, Write & { afterMs: number }>();
  for (const { writes, afterMs } of steps)
    for (const write of writes) if (!first.has(keyOf(write))) first.set(keyOf(write), { ...write, afterMs });
  return [...first.values()];
}

/** The values of `live` that `manifest` also has. */
function likeness(live: unknown, manifest: unknown): unknown {
  if (Array.isArray(live) && Array.isArray(manifest))
    return live.map((item, i) => likeness(item, manifest[i]));
  if (!isObject(live) || !isObject(manifest)) return live;
  const entries = Object.entries(live).filter(([key]) => key in manifest);
  return Object.fromEntries(entries.map(([key, value]) => [key, likeness(value, manifest[key])]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What somebody writes of a resource. */
function contentOf({ metadata, spec }: Environment): object {
  const { labels, annotations } = metadata as { labels?: object; annotations?: Record<string, string> };
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...others } = annotations ?? {};
  return { metadata: { ...(labels ? { labels } : {}), annotations: others }, spec };
}

function keyOf({ kind, name }: { kind: string; name: string }): string {
  return `${kind}/${name}`;
}
