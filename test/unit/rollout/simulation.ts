import { effectiveSpec } from '../../../operator/api/effective-spec.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
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
import { checkCapacity, checkFound, checkSchema, checkShares, checkStatus, checkThird } from './promises.ts';
import { SimulatedSources } from './simulated-sources.ts';

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
  confirmed: Readonly<Record<string, number>> = {};
  wasShared = false;
  readonly notes: Note[] = [];
  readonly broken: string[] = [];
  /** Every weight that the candidate of the moment was given, in order. */
  readonly weights: string[] = [];
  last: RolloutDecision | undefined;
  /** While pods die by themselves, a share without a ready pod is not the operator's doing. */
  isOutage = false;
  /** Writes after which the operator dies before it can record its status; counted down. */
  dieAfterWrites = Number.POSITIVE_INFINITY;
  readonly #sources = new SimulatedSources();
  /** What a metric answers that does not count requests, by its name. */
  readonly answers = this.#sources.answers;
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
      this.confirmed = this.route.weights;
      this.wasShared = this.route.shared === true;
    }
    const wasTried = this.memory.candidate;
    this.#decideAndWrite();
    if (this.router === 'service') checkFound(this, before);
    else checkCapacity(this, before);
    checkStatus(this, wasTried, isConfirmed);
    checkSchema(this);
  }

  /** Where a Service finds all pods, the weights are those of the ready ones. */
  #follow(): void {
    if (!this.route?.shared) return;
    const ready = [...this.pods].map(([revision, p]) => ({ revision, number: p.number, ready: p.ready }));
    this.route.weights = proportions(ready);
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
      measured: this.#sources.measured(this, policy),
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
        checkShares(this, decision, wanted);
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
    checkThird(this);
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

  #of(revision: string): Pods {
    const pods = this.pods.get(revision);
    if (!pods) throw new Error(`no revision ${revision}`);
    return pods;
  }
}

function sorted(weights: Record<string, number>): [string, number][] {
  return Object.entries(weights).sort(([a], [b]) => (a < b ? -1 : 1));
}
