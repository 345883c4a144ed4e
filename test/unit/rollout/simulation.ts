import { isDeepStrictEqual } from 'node:util';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { statusSchema } from '../../../operator/api/status.ts';
import { type EffectiveSpec, effectiveSpec } from '../../../operator/api/tiers.ts';
import type { Measured, Outcome } from '../../../operator/rollout/analysis/measured.ts';
import { BACKGROUND, type MetricPolicy, policyOf } from '../../../operator/rollout/analysis/policy.ts';
import { dueIn } from '../../../operator/rollout/analysis/run.ts';
import { decide } from '../../../operator/rollout/decide.ts';
import { violatedBy } from '../../../operator/rollout/invariants.ts';
import { bounds } from '../../../operator/rollout/rolling.ts';
import { proportions } from '../../../operator/rollout/sharing.ts';
import type {
  Command,
  Extra,
  Note,
  RolloutDecision,
  RolloutMemory,
  Router,
  Verb,
} from '../../../operator/rollout/state.ts';

interface Pods {
  number: number;
  replicas?: number;
  ready: number;
  /** Pods that are there: those that are taken away are for two more seconds. */
  there: number;
  /** Pods that were asked for a second ago. */
  asked: number;
  migration: 'absent' | 'running' | 'complete' | 'failed';
  /** Why its pods, or its migration's, cannot start. */
  problem?: string;
  /** Share of its requests that a pod of this revision answers with 5xx. */
  errorRatio: number;
  /** Whether its pods ever become ready. */
  starts: boolean;
  requests: number;
  errors: number;
  /** Share of its requests that a pod answers later than anybody waits for. */
  slowRatio: number;
  slow: number;
}

/**
 * A small world around `decide`: pods that need a tick to start, a router that needs a tick to confirm, requests that
 * flow by the routed weights. Every write passes the guard, as in the operator; broken promises are collected.
 */
export class Simulation {
  now = Date.parse('2026-01-05T10:00:00Z');
  replicas = 4;
  desired = '';
  databaseProblem: string | undefined;
  memory: RolloutMemory = {};
  readonly pods = new Map<string, Pods>();
  route: { weights: Record<string, number>; extra?: Extra; shared?: boolean; confirmed: boolean } | undefined;
  readonly router: Router;
  /** Annotations of the environment that are commands. */
  commands: Command[] = [];
  /** Seconds that the router needs to confirm what is written. */
  confirmsAfter = 1;
  #unconfirmedFor = 0;
  /** Weights that the router has confirmed last. */
  #confirmed: Readonly<Record<string, number>> = {};
  #wasShared = false;
  readonly notes: Note[] = [];
  readonly broken: string[] = [];
  /** Every weight that the candidate of the moment was given, in order. */
  readonly weights: string[] = [];
  last: RolloutDecision | undefined;
  /** While pods die by themselves, a share without a ready pod is not the operator's doing. */
  isOutage = false;
  /** Writes after which the operator dies before it can record its status; counted down. */
  dieAfterWrites = Number.POSITIVE_INFINITY;
  /** What a metric answers that does not count requests, by its name. */
  readonly answers = new Map<string, Outcome>();
  readonly #counters = new Map<string, { requests: number; bad: number }>();
  spec: EnvironmentSpec;

  constructor(spec: Partial<EnvironmentSpec> = {}) {
    this.router = spec.routing?.mode ?? 'gateway';
    this.spec = { tier: 'local', release: { image: 'api:1' }, ...spec };
  }

  release(revision: string, pods: Partial<Pods> = {}): void {
    this.desired = revision;
    if (this.pods.has(revision)) return;
    this.pods.set(revision, {
      number: this.pods.size + 1,
      ready: 0,
      there: 0,
      asked: 0,
      migration: 'absent',
      errorRatio: 0,
      starts: true,
      requests: 0,
      errors: 0,
      slowRatio: 0,
      slow: 0,
      ...pods,
    });
  }

  /** One look of the operator, then `seconds` of the world. */
  tick(seconds = 1, requestsPerSecond = 100): void {
    this.look();
    for (let i = 0; i < seconds; i++) this.#second(requestsPerSecond);
  }

  /** A world in which release a serves, with all of its pods. */
  static serving(spec: Partial<EnvironmentSpec> = {}, replicas = 4): Simulation {
    const world = new Simulation(spec);
    world.replicas = replicas;
    world.release('a');
    world.until(() => world.memory.stable?.revision === 'a' && world.last?.progressing === false);
    return world;
  }

  /** Reasons of the Events so far. */
  get reasons(): string[] {
    return this.notes.map((note) => note.reason);
  }

  /** Ticks until `condition` holds; throws with the last summary when it does not within `limit` seconds. */
  until(condition: () => boolean, limit = 600): void {
    for (let i = 0; i < limit; i++) {
      if (condition()) return;
      this.tick();
    }
    throw new Error(`not reached in ${limit} s: ${this.last?.summary}`);
  }

  /** The pods of the stable revision are dead for so long; then they start again as they do. */
  outage(seconds: number): void {
    const stable = this.pods.get(this.memory.stable?.revision ?? '');
    if (!stable) return;
    const { starts } = stable;
    this.isOutage = true;
    Object.assign(stable, { ready: 0, starts: false });
    for (let s = 0; s < seconds; s++) this.tick();
    stable.starts = starts;
    for (let s = 0; s < 3; s++) this.tick();
    this.isOutage = false;
  }

  /** Scaled to nothing for so long: nothing is promised of an environment that is off, but that it comes back. */
  off(seconds: number): void {
    const { replicas } = this;
    this.isOutage = true;
    this.replicas = 0;
    for (let s = 0; s < seconds; s++) this.tick();
    this.replicas = replicas;
    for (let s = 0; s < 3; s++) this.tick();
    this.isOutage = false;
  }

  look(): void {
    const before = new Map([...this.pods].map(([revision, { replicas }]) => [revision, replicas]));
    this.#follow();
    const isConfirmed = this.route?.confirmed === true;
    if (this.route && isConfirmed) {
      this.#confirmed = this.route.weights;
      this.#wasShared = this.route.shared === true;
    }
    const wasTried = this.memory.candidate;
    this.#decideAndWrite();
    if (this.router === 'service') this.#checkFound(before);
    else this.#checkCapacity(before);
    this.#checkStatus(wasTried, isConfirmed);
    this.#checkSchema();
  }

  /** The API server refuses a status with a field that it does not know, and the operator would try for ever. */
  #checkSchema(): void {
    const { success, data, error } = statusSchema.safeParse(this.memory);
    if (!success) this.broken.push(`the status is refused: ${error.message}`);
    else if (!isDeepStrictEqual(data, this.memory))
      this.broken.push(`the status has fields that are not in its schema: ${JSON.stringify(this.memory)}`);
  }

  /** The weight in status is the one that the router has confirmed, and no other until it confirms another. */
  #checkStatus(before: RolloutMemory['candidate'], isConfirmed: boolean): void {
    const { candidate } = this.memory;
    if (!candidate || this.dieAfterWrites <= 0) return;
    const isSame = before?.revision === candidate.revision && before.startedAt === candidate.startedAt;
    if (!isConfirmed && !isSame) return;
    const truth = isConfirmed ? (this.#confirmed[candidate.revision] ?? 0) : before?.weight;
    if (candidate.weight !== truth)
      this.broken.push(
        `status says ${candidate.weight} % of ${candidate.revision}, confirmed are ${truth} %`,
      );
  }

  /** What gets requests keeps the pods for them: no write takes any of these away. Told without the operator's own guard. */
  #checkCapacity(before: ReadonlyMap<string, number | undefined>): void {
    const { weights = {}, extra } = this.route ?? {};
    const inUse = [extra?.headers?.revision, extra?.mirror?.revision];
    for (const [revision, { replicas }] of this.pods) {
      const had = before.get(revision) ?? 0;
      if ((replicas ?? 0) >= had || this.replicas === 0) continue;
      const share = Math.max(weights[revision] ?? 0, this.#confirmed[revision] ?? 0);
      const needed = Math.ceil(((this.replicas - this.maxUnavailable) * share) / 100);
      const isOff = replicas === undefined && inUse.includes(revision);
      if (!this.isOutage && ((replicas ?? 0) < Math.min(needed, had) || isOff))
        this.broken.push(`${revision} goes from ${had} to ${replicas} pods with ${share} % of the requests`);
    }
  }

  /** What the selector of a Service finds does the work: no write takes pods away that are needed, with it or the one before. */
  #checkFound(before: ReadonlyMap<string, number | undefined>): void {
    if (!this.route || this.isOutage || this.replicas === 0) return;
    const selectors = [
      { shared: this.route.shared === true, weights: this.route.weights },
      { shared: this.#wasShared, weights: this.#confirmed },
    ];
    for (const { shared, weights } of selectors) {
      const found = [...this.pods].filter(([revision]) => shared || (weights[revision] ?? 0) > 0);
      const had = found.reduce((sum, [revision, p]) => sum + Math.min(p.ready, before.get(revision) ?? 0), 0);
      const left = found.reduce((sum, [, p]) => sum + Math.min(p.ready, p.replicas ?? 0), 0);
      if (left < Math.min(had, this.replicas - this.maxUnavailable))
        this.broken.push(`the Service had ${had} ready pods and has ${left}`);
    }
  }

  /** Where a Service finds all pods, the weights are those of the ready ones. */
  #follow(): void {
    if (!this.route?.shared) return;
    const ready = [...this.pods].map(([revision, p]) => ({ revision, number: p.number, ready: p.ready }));
    this.route.weights = proportions(ready);
  }

  /** Nobody gets more than its ready pods can serve, while another could: but for an abort, which waits for nothing. */
  #checkShares({ memory }: RolloutDecision, wanted: Readonly<Record<string, number>>): void {
    if (this.isOutage || this.replicas === 0) return;
    const have = this.route?.weights ?? {};
    const ready = (revision: string) => this.pods.get(revision)?.ready ?? 0;
    const stable = memory.stable?.revision ?? '';
    const grows = (revision: string) => (wanted[revision] ?? 0) > (have[revision] ?? 0);
    const tried = memory.candidate?.revision;
    // Of as many pods as are ready, if these are too few for all of the work.
    const there = ready(tried ?? '') + ready(stable);
    const canServe = (revision: string, size: number) =>
      ready(revision) >= Math.floor((Math.min(size, there) * (wanted[revision] ?? 0)) / 100);
    const isMore = tried !== undefined && grows(tried) && ready(stable) > 0;
    if (isMore && !canServe(tried, this.replicas - this.maxUnavailable))
      this.broken.push(`${tried} gets ${wanted[tried]} % with ${ready(tried)} ready pods`);
    const leaving = memory.retired?.find(
      ({ revision, gradual }) =>
        gradual && ready(revision) > 0 && (have[revision] ?? 0) > (wanted[revision] ?? 0),
    );
    const back = Math.floor((this.replicas * (wanted[stable] ?? 0)) / 100);
    if (this.router === 'gateway' && leaving && ready(stable) > 0 && ready(stable) < back)
      this.broken.push(`${stable} gets ${wanted[stable]} % back with ${ready(stable)} ready pods`);
  }

  #decideAndWrite(): void {
    const { policy } = { policy: effectiveSpec(this.spec).rollout };
    const views = [...this.pods].map(([revision, p]) => ({
      revision,
      number: p.number,
      image: `api:${revision}`,
      ...(p.replicas === undefined ? {} : { replicas: p.replicas }),
      ready: p.ready,
      pods: p.there,
      migration: p.migration,
      ...(p.problem === undefined ? {} : { problem: p.problem }),
    }));
    const decision = decide({
      now: this.now,
      desired: this.desired,
      replicas: this.replicas,
      policy,
      revisions: views,
      route: this.route && { ...this.route },
      router: this.router,
      memory: this.memory,
      measured: this.#measured(policy),
      databaseProblem: this.databaseProblem,
      commands: this.commands,
    });
    this.last = decision;
    const world = () => ({
      revisions: [...this.pods].map(([revision, p]) => ({
        revision,
        image: '',
        ...p,
        ready: Math.min(p.ready, p.replicas ?? 0),
        pods: p.there,
        ...(p.replicas === undefined ? {} : { replicas: p.replicas }),
      })),
      route: this.route,
      router: this.router,
      replicas: this.replicas,
      maxUnavailable: this.maxUnavailable,
    });
    const write = (apply: () => void, guarded?: Parameters<typeof violatedBy>[0]): boolean => {
      if (this.dieAfterWrites <= 0) return false;
      const violated = guarded && violatedBy(guarded, world());
      if (violated) {
        this.broken.push(violated);
        return true;
      }
      apply();
      this.dieAfterWrites -= 1;
      return this.dieAfterWrites > 0;
    };

    for (const { revision } of decision.migrate) {
      if (
        !write(() => {
          this.#of(revision).migration = 'running';
        })
      )
        return;
    }
    const scale = Object.entries(decision.replicas).filter(([r, n]) => this.#of(r).replicas !== n);
    const grows = ([r, n]: [string, number]) => n >= (this.#of(r).replicas ?? 0);
    for (const [revision, replicas] of scale.filter(grows)) {
      if (
        !write(
          () => {
            this.#of(revision).replicas = replicas;
          },
          { type: 'scale', revision, replicas },
        )
      )
        return;
    }
    const wanted = decision.weights;
    const { extra } = decision;
    const { shared } = decision;
    const isSame =
      this.route?.shared === true && shared !== undefined
        ? true
        : (this.route?.shared === true) === (shared !== undefined) &&
          JSON.stringify([sorted(this.route?.weights ?? {}), this.route?.extra]) ===
            JSON.stringify([sorted(wanted ?? {}), extra]);
    if (wanted && !isSame) {
      const written = () => {
        this.#checkShares(decision, wanted);
        this.route = {
          weights: { ...wanted },
          ...(extra ? { extra } : {}),
          ...(shared ? { shared: true } : {}),
          confirmed: false,
        };
        this.#unconfirmedFor = 0;
        this.weights.push(
          sorted(wanted)
            .map(([r, w]) => `${r}=${w}`)
            .join(' '),
        );
      };
      const guarded = {
        type: 'route' as const,
        weights: wanted,
        ...(extra ? { extra } : {}),
        ...(shared ? { shared } : {}),
      };
      if (!write(written, guarded)) return;
    }
    for (const [revision, replicas] of scale.filter((entry) => !grows(entry))) {
      if (
        !write(
          () => {
            this.#of(revision).replicas = replicas;
          },
          { type: 'scale', revision, replicas },
        )
      )
        return;
    }
    for (const revision of decision.remove) {
      const gone = () => {
        const p = this.#of(revision);
        if (p.migration === 'running') p.migration = 'absent';
        delete p.replicas;
        p.ready = 0;
      };
      if (!write(gone, { type: 'remove', revision })) return;
    }
    if (decision.clear.length > 0) {
      const cleared = () => {
        this.commands = this.commands.filter(({ verb }) => !decision.clear.includes(verb));
      };
      if (!write(cleared)) return;
    }
    this.notes.push(...decision.notes);
    this.memory = decision.memory;
  }

  /** What the sources say to what is due. */
  #measured(policy: EffectiveSpec['rollout']): Measured[] {
    const { candidate } = this.memory;
    if (!candidate) return [];
    return (candidate.analyses ?? []).flatMap((run) =>
      (policyOf(policy, run.id)?.metrics ?? [])
        .filter((metric) => (dueIn(run, metric, this.now) ?? 1) <= 0)
        .filter(() => candidate.weight > 0 || run.id !== BACKGROUND)
        .map((metric): Measured => {
          const at = new Date(this.now).toISOString();
          const { name } = metric;
          const outcome =
            this.answers.get(name) ?? this.#counted(`${run.id}/${run.startedAt}/${name}`, metric);
          return { run: run.id, startedAt: run.startedAt, metric: name, at, outcome };
        }),
    );
  }

  /** The pods' counters since the last time; the candidate's since its birth. */
  #counted(id: string, { source, comparison }: MetricPolicy): Outcome {
    const isLatency = source.type === 'pods' && source.measure === 'latency';
    const since = (revision: string | undefined, isNew: boolean) => {
      const { requests = 0, errors = 0, slow = 0 } = this.pods.get(revision ?? '') ?? {};
      const now = { requests, bad: isLatency ? slow : errors };
      const key = `${id}/${revision}`;
      const before = this.#counters.get(key) ?? (isNew ? { requests: 0, bad: 0 } : now);
      this.#counters.set(key, now);
      return { requests: now.requests - before.requests, bad: now.bad - before.bad };
    };
    return {
      type: 'counts',
      candidate: since(this.memory.candidate?.revision, id.startsWith(BACKGROUND)),
      ...(comparison ? { stable: since(this.memory.stable?.revision, false) } : {}),
    };
  }

  /** As kubectl annotate does: names the release that has this role, or this revision. */
  command(verb: Verb, revision: string): void {
    const target = `${this.pods.get(revision)?.number}-${revision}`;
    this.commands = [...this.commands.filter((one) => one.verb !== verb), { verb, target }];
  }

  get maxUnavailable(): number {
    const { strategy, rolling } = effectiveSpec(this.spec).rollout;
    return strategy === 'rolling' ? bounds(rolling, this.replicas).missing : 0;
  }

  #second(requests: number): void {
    this.now += 1000;
    // As the operator could see it: who becomes ready in this second can get nothing yet.
    const wasReady = [...this.pods.values()].filter((p) => p.ready > 0);
    for (const p of this.pods.values()) {
      if (p.migration === 'running' && p.problem === undefined) p.migration = 'complete';
      if (p.replicas !== undefined) p.ready = Math.min(p.ready + (p.starts ? 1 : 0), p.replicas);
    }
    if (this.route && !this.route.confirmed) {
      this.#unconfirmedFor += 1;
      if (this.#unconfirmedFor >= this.confirmsAfter) this.route.confirmed = true;
    }
    this.#follow();
    this.#checkThird();
    for (const p of this.pods.values()) {
      p.there = Math.max(p.replicas ?? 0, p.asked);
      p.asked = p.replicas ?? 0;
    }
    for (const [revision, weight] of Object.entries(this.route?.weights ?? {})) {
      const p = this.#of(revision);
      const served = Math.round((requests * weight) / 100);
      p.requests += served;
      p.errors += Math.round(served * p.errorRatio);
      p.slow += Math.round(served * p.slowRatio);
      const isAnotherReady = wasReady.some((other) => other !== p && other.ready > 0);
      if (weight > 0 && p.ready === 0 && isAnotherReady && !this.isOutage)
        this.broken.push(`${revision} has ${weight} % and no ready pod`);
    }
  }

  /** A Service that finds all pods finds those of two releases. */
  #checkThird(): void {
    if (!this.route?.shared) return;
    const there = [...this.pods].filter(([, p]) => Math.max(p.there, p.replicas ?? 0) > 0);
    if (there.length > 2 && !this.isOutage)
      this.broken.push(`the Service finds the pods of ${there.map(([revision]) => revision).join(', ')}`);
  }

  #of(revision: string): Pods {
    const pods = this.pods.get(revision);
    if (!pods) throw new Error(`no revision ${revision}`);
    return pods;
  }
}

function sorted(weights: Record<string, number>): [string, number][] {
  return Object.entries(weights).sort(([a], [b]) => (a < b ? -1 : 1));
}
