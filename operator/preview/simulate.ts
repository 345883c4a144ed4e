import type { Manifest } from '../api/resolved.ts';
import type { Action } from '../environment/actions.ts';
import { observe } from '../environment/observe.ts';
import { makePlan, type Plan } from '../environment/plan.ts';
import { missingKinds, renderedOf } from '../environment/rendering.ts';
import { servingRelease } from '../environment/serving.ts';
import type { Snapshot } from '../environment/snapshot.ts';
import { canonicalJson } from '../rollout/revision.ts';
import { analysesEndAt, passAnalyses } from './analyses.ts';
import { isPaused, type Wait, waitOf } from './waits.ts';
import type { PreviewWorld } from './world.ts';

/** What the operator does at one moment. */
export interface Step {
  /** Milliseconds since the resource was applied. */
  afterMs: number;
  /** What it says, as in its Events. */
  says: string[];
  /** Percentages by number of the release, as they are routed from here on; empty before the first route. */
  weights: Record<string, number>;
  /** Pods by number of the release. */
  pods: Record<string, { ready: number; wanted: number }>;
  writes: Write[];
  /** What it waits for from here on, and for whom. */
  waits?: Wait;
}

export interface Write {
  verb: 'create' | 'change' | 'delete';
  kind: string;
  name: string;
  why: string;
  /** What is written; absent when something is deleted. */
  manifest?: Manifest;
}

export interface Course {
  steps: Step[];
  /** Releases by number. */
  releases: Record<string, { revision: string; image: string }>;
  /** What the operator refuses to do, and why, in its words; nothing is changed then. */
  refused: string[];
  /** What the calendar brings after that, or somebody has to ask for. */
  later: string[];
  /** What status says in the end. */
  summary: string;
  isAtRest: boolean;
  endsAfterMs: number;
}

const MOST_PLANS = 2_000;
/** So many looks in a row that change nothing: time alone does not help. */
const IDLE_PLANS = 20;
const LONGEST_MS = 30 * 24 * 3_600_000;

/**
 * What the operator will do with an environment from `start` (milliseconds since the epoch) on, when the cluster does what the
 * assumptions of the world say: its own plan, again and again, carried out on the world. No I/O.
 */
export function simulate(world: PreviewWorld, start: number): Course {
  const steps: Step[] = [];
  const render = renderer();
  let now = start;
  let idle = 0;
  let end = start;
  let plan: Plan | undefined;
  for (let i = 0; i < MOST_PLANS && now - start < LONGEST_MS; i++) {
    world.behaviour.act(now);
    passAnalyses(world, now);
    const snapshot = look(world, now);
    plan = makePlan(snapshot, render(snapshot), world.settled);
    const step = stepOf(plan, snapshot, world, now - start);
    for (const action of [...plan.actions, ...plan.components]) world.write(action, now);
    const before = canonicalJson(world.environment.status ?? {});
    world.writeStatus(plan.status);
    if (isWorth(step)) {
      steps.push(step);
      end = now;
    }
    const hasMoved = isWorth(step) || before !== canonicalJson(plan.status);
    idle = hasMoved ? 0 : idle + 1;
    if (hasMoved) continue;
    if (isOver(plan) && !isPaused(plan)) break;
    const next = nextAt(world, plan, now);
    if (next !== undefined && idle < IDLE_PLANS) {
      now = next;
      continue;
    }
    const wait = waitOf(world, plan, snapshot);
    steps.push({ ...step, waits: wait });
    end = now;
    if (!wait.goesOn) break;
    wait.goesOn(world, now);
    idle = 0;
  }
  const { status } = plan ?? {};
  const refused = conditionOf(status?.conditions, 'Stalled');
  return {
    steps: joined(steps),
    releases: releasesOf(world, now),
    refused: refused?.reason === 'InvalidSpec' ? [refused.message] : [],
    later: laterOf(plan),
    summary: status?.summary ?? '',
    isAtRest: plan !== undefined && isOver(plan),
    endsAfterMs: end - start,
  };
}

/** What happens at one moment is one step; a wait is the end of it. */
function joined(steps: Step[]): Step[] {
  const result: Step[] = [];
  for (const step of steps) {
    const last = result.at(-1);
    if (!last || last.waits || last.afterMs !== step.afterMs) result.push(step);
    else
      result[result.length - 1] = {
        ...step,
        says: [...last.says, ...step.says],
        writes: [...last.writes, ...step.writes],
      };
  }
  return result;
}

/** Forms of components that wait for the maintenance window, and migrations that wait for the end of the way back. */
function laterOf(plan: Plan | undefined): string[] {
  const { conditions } = plan?.status ?? {};
  return ['UpToDate', 'SchemaReady'].flatMap((type) => {
    const found = conditionOf(conditions, type);
    return found?.status === 'False' ? [found.message] : [];
  });
}

function look(world: PreviewWorld, now: number): Snapshot {
  const { answeredAt, credentials } = world;
  return observe(world.caches, world.environment, {
    now,
    credentials,
    ...(answeredAt === undefined ? {} : { answeredAt }),
  });
}

/** Rendering is dear, and the inputs seldom change. */
function renderer() {
  const known = new Map<string, ReturnType<typeof renderedOf>>();
  return (snapshot: Snapshot) => {
    const serving = servingRelease(snapshot);
    const missing = missingKinds(snapshot);
    const key = canonicalJson({ ...snapshot.resolved, serving, missing });
    const rendered = known.get(key) ?? renderedOf(snapshot.resolved, serving, missing);
    known.set(key, rendered);
    return rendered;
  };
}

function stepOf(plan: Plan, snapshot: Snapshot, world: PreviewWorld, afterMs: number): Step {
  const number = (revision: string) =>
    snapshot.views.find((view) => view.revision === revision)?.number ??
    Math.max(0, ...snapshot.views.map((view) => view.number)) + 1;
  const weights = plan.decision?.weights ?? snapshot.route?.weights ?? {};
  const wanted = plan.decision?.replicas ?? {};
  const pods = snapshot.views
    .filter(({ replicas, revision }) => replicas !== undefined || wanted[revision] !== undefined)
    .map((view): [number, { ready: number; wanted: number }] => [
      view.number,
      { ready: view.ready, wanted: wanted[view.revision] ?? view.replicas ?? 0 },
    ]);
  return {
    afterMs,
    says: plan.notes.map(({ message }) => message),
    weights: Object.fromEntries(
      Object.entries(weights).map(([revision, weight]) => [number(revision), weight]),
    ),
    pods: Object.fromEntries(pods),
    writes: [...plan.actions, ...plan.components].flatMap((action) => writeOf(action, world)),
  };
}

/** Writes on the environment itself are the operator's own affair. */
function writeOf(action: Action, world: PreviewWorld): Write[] {
  const { environment } = world;
  switch (action.type) {
    case 'apply':
    case 'applyGuarded': {
      const { manifest, why, isNew } = action;
      return [
        {
          verb: isNew ? 'create' : 'change',
          kind: manifest.kind,
          name: manifest.metadata.name,
          why,
          manifest,
        },
      ];
    }
    case 'createCredentials':
      return [
        {
          verb: 'create',
          kind: 'Secret',
          name: `${environment.metadata.name}-credentials`,
          why: 'passwords are made once',
        },
        {
          verb: 'create',
          kind: 'Secret',
          name: `${environment.metadata.name}-authority`,
          why: 'the authority of the certificates of the database is made once',
        },
      ];
    case 'rotateLogin':
      return [{ verb: 'change', kind: 'Secret', name: action.name, why: action.why }];
    case 'growClaim':
      return [{ verb: 'change', kind: 'PersistentVolumeClaim', name: action.name, why: action.why }];
    case 'orphan':
      return [{ verb: 'delete', kind: 'StatefulSet', name: action.name, why: action.why }];
    case 'delete':
      // Records of its own are nothing that anybody would miss.
      return action.kind !== 'ControllerRevision' && world.get(action.kind, action.name)
        ? [{ verb: 'delete', kind: action.kind, name: action.name, why: action.why }]
        : [];
    default:
      return [];
  }
}

function isWorth({ says, writes }: Step): boolean {
  return says.length > 0 || writes.length > 0;
}

/** Nothing is left to do but what the calendar brings. */
function isOver({ status }: Plan): boolean {
  const isWorking = conditionOf(status.conditions, 'Reconciling')?.status === 'True';
  return !isWorking && !status.candidate && !status.retired?.length;
}

function nextAt(world: PreviewWorld, plan: Plan, now: number): number | undefined {
  const times = [
    ...(plan.againInMs === undefined ? [] : [now + Math.max(1, plan.againInMs)]),
    world.behaviour.nextAt(now),
    analysesEndAt(world, now),
  ].filter((at) => at !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

function releasesOf(world: PreviewWorld, now: number): Course['releases'] {
  const { views } = look(world, now);
  return Object.fromEntries(views.map(({ number, revision, image }) => [number, { revision, image }]));
}

function conditionOf(conditions: Plan['status']['conditions'], type: string) {
  return conditions?.find((condition) => condition.type === type);
}
