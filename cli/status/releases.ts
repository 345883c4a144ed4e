import { type Environment, LABELS, names } from '../../operator/api/resolved.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import { targetOf } from '../../operator/rollout/candidate.ts';
import type { Parts } from '../cluster/parts.ts';
import { age } from '../terminal/words.ts';
import type { Health, Part } from './node.ts';
import { isReady, podPart } from './pods.ts';

interface Release {
  revision: string;
  /** `<number>-<revision>`, as commands name it; the revision alone where the number is not known. */
  target: string;
  image: string;
  state: 'serves' | 'is tried' | 'is being retired' | 'was rolled back' | 'is being deployed';
  says: string[];
  waiting?: string;
}

/** The releases that have pods or a say, the one that serves first. Pure. */
export function releaseParts(environment: Environment, { pods, routes }: Parts, now: number): Part[] {
  const known = releasesOf(environment, now);
  const own = pods.items.filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'api');
  const strangers = [...new Set(own.map(revisionOf))].filter(
    (revision) => revision !== '' && !known.some((release) => release.revision === revision),
  );
  const all: Release[] = [
    ...known,
    ...strangers.map((revision): Release => {
      return { revision, target: revision, image: '', state: 'is being deployed', says: [] };
    }),
  ];
  const weights = weightsOf(environment, routes.items);
  return all.flatMap((release) => {
    const its = own.filter((pod) => revisionOf(pod) === release.revision);
    if (release.state === 'was rolled back' && its.length === 0 && release.waiting === undefined) return [];
    return [releasePart(release, its, weights.get(release.revision))];
  });
}

export function wasRolledBack({ says }: Part): boolean {
  return says[0] === ('was rolled back' satisfies Release['state']);
}

function releasesOf({ status = {} }: Environment, now: number): Release[] {
  const { stable, candidate, rejected, retired = [], history = [] } = status;
  const releases: Release[] = [];
  if (stable) {
    const since = stable.since ? [`since ${age(stable.since, now)}`] : [];
    const { revision, image } = stable;
    releases.push({ revision, image, target: targetOf(stable), state: 'serves', says: since });
  }
  if (candidate) {
    const { revision, image, step, steps } = candidate;
    const waiting =
      candidate.frozen?.message ??
      candidate.gate?.message ??
      (candidate.heldSince ? `held for ${age(candidate.heldSince, now)} by command` : undefined);
    releases.push({
      revision,
      image,
      target: targetOf(candidate),
      state: 'is tried',
      says: [`step ${step + 1} of ${steps}`],
      ...(waiting === undefined ? {} : { waiting }),
    });
  }
  for (const { revision } of retired) {
    const known = history.find((one) => one.revision === revision);
    const isRejected = rejected?.revision === revision;
    if (isRejected || releases.some((one) => one.revision === revision)) continue;
    releases.push({
      revision,
      target: known ? targetOf(known) : revision,
      image: known?.image ?? '',
      state: 'is being retired',
      says: [],
    });
  }
  if (rejected && rejected.revision !== candidate?.revision)
    releases.push({
      revision: rejected.revision,
      target: targetOf(rejected),
      image: rejected.image,
      state: 'was rolled back',
      says: [`${age(rejected.at, now)} ago`],
      waiting: `${rejected.reason}: ${rejected.message}`,
    });
  return releases;
}

function releasePart(release: Release, pods: readonly KubeObject[], weight: number | undefined): Part {
  const { image, target, state, says, waiting } = release;
  const ready = pods.filter(isReady).length;
  return {
    role: 'release',
    name: image === '' ? target : `${image} (${target})`,
    health: releaseHealth(release, pods.length, ready),
    says: [
      state,
      ...(weight === undefined ? [] : [`${weight} % of the requests`]),
      ...(pods.length > 0 || state === 'serves' ? [`${ready}/${pods.length} pods`] : []),
      ...says,
    ],
    ...(waiting === undefined ? {} : { waiting }),
    parts: [...pods].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name)).map(podPart),
  };
}

function releaseHealth({ state, waiting }: Release, pods: number, ready: number): Health {
  if (state === 'was rolled back') return 'bad';
  if (state === 'serves') return ready === 0 ? 'bad' : ready < pods ? 'busy' : 'ok';
  return state === 'is tried' && waiting !== undefined ? 'bad' : 'busy';
}

function revisionOf(pod: KubeObject): string {
  return pod.metadata.labels?.[LABELS.revision] ?? '';
}

/** Percentage of the requests a revision, as the HTTPRoute has it; as the operator confirmed it where there is none. */
function weightsOf(environment: Environment, routes: readonly KubeObject[]): Map<string, number> {
  const { name } = environment.metadata;
  const its = names(name);
  const route = routes.find(({ metadata }) => metadata.name === its.api);
  const { rules = [] } = (route?.spec ?? {}) as {
    rules?: { backendRefs?: { name: string; weight?: number }[] }[];
  };
  // With headers the first rule is theirs; the last one is for everybody.
  const backends = rules.at(-1)?.backendRefs ?? [];
  if (backends.length > 0) {
    const prefix = its.revision('');
    return new Map(
      backends.map(({ name: service, weight = 1 }) => [service.slice(prefix.length), weight] as const),
    );
  }
  const { stable, candidate } = environment.status ?? {};
  const shares: [string, number][] = [];
  if (stable) shares.push([stable.revision, 100 - (candidate?.weight ?? 0)]);
  if (candidate) shares.push([candidate.revision, candidate.weight]);
  return new Map(shares);
}
