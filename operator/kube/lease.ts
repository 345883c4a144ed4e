import { type Clock, followedBy, pause, systemClock } from './clock.ts';
import { answered } from './errors.ts';
import { type Lease, LeaseRecord } from './lease-record.ts';
import type { Log } from './log.ts';
import { type Metrics, metrics } from './metrics.ts';
import type { KubeClient } from './transport.ts';

/** The lease has run out or belongs to somebody else: nothing may be written any more. */
export class NotLeading extends Error {
  override readonly name = 'NotLeading';
}

/** What the leader may rely on while it leads. */
export interface Leading {
  /** Aborted when leading ends, for whatever reason. */
  readonly signal: AbortSignal;
  /** Throws NotLeading once the lease has run out. Call it before each write, with no await in between. */
  assertLeading(): void;
  /** The time on `clock.now()` (performance.now()) at which the lease runs out, as renewed last. */
  deadline(): number;
}

export interface LeaderElectionOptions {
  client: KubeClient;
  namespace: string;
  name: string;
  /** Must differ for each process: a pod's name with something random, not the pod's name alone. */
  identity: string;
  leaseDurationMs?: number;
  renewDeadlineMs?: number;
  retryPeriodMs?: number;
  log: Log;
  metrics?: Metrics;
  clock?: Clock;
}

/**
 * One leader among processes, by a Lease.
 * - The lease is taken over only after its record was seen unchanged for the lease's duration on the local clock; the
 *   times in the record are for people.
 * - The leader's own deadline (10 s after the last successful renewal was *sent*) lies before the moment at which
 *   another can take over (15 s after it was *seen*), so that a process that was frozen finds out before it writes.
 * - Once lost, leading does not come back: `run` rejects, and the caller ends or runs again.
 * - At a graceful stop the lease is given back, so that the next leader need not wait.
 */
export class LeaderElection {
  readonly #record: LeaseRecord;
  readonly #name: string;
  readonly #identity: string;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #clock: Clock;

  constructor(options: LeaderElectionOptions) {
    this.#record = new LeaseRecord(options.client, options.namespace, options.name);
    this.#name = options.name;
    this.#identity = options.identity;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    this.#log = options.log.with({ lease: options.name, identity: options.identity });
    this.#metrics = options.metrics ?? metrics;
    this.#clock = options.clock ?? systemClock;
    if (this.#leaseDurationMs <= this.#renewDeadlineMs || this.#renewDeadlineMs <= this.#retryPeriodMs) {
      throw new RangeError('A lease needs leaseDurationMs > renewDeadlineMs > retryPeriodMs.');
    }
    this.#metrics.leading.set({ name: this.#name }, 0);
  }

  /**
   * Waits for the lease, leads, and resolves when the signal is aborted or `onStartedLeading` has ended (the lease is
   * then given back). Rejects with NotLeading when the lease was lost, and with what `onStartedLeading` throws. In
   * every case `onStartedLeading` has ended before.
   */
  async run(signal: AbortSignal, onStartedLeading: (leading: Leading) => Promise<void>): Promise<void> {
    const acquired = await this.#acquire(signal);
    if (acquired === undefined) return;
    const term = new Term(acquired.sentAt + this.#renewDeadlineMs, signal, this.#clock);
    this.#log.info('Leading');
    this.#metrics.leading.set({ name: this.#name }, 1);
    const renewals = new AbortController();
    const renewing = this.#renew(acquired.lease, term, renewals.signal);
    try {
      await onStartedLeading(term);
    } catch (error) {
      if (!term.isOver && !signal.aborted) throw error;
      this.#log.debug('The work under the lease ended', { error });
    } finally {
      renewals.abort();
      const latest = await renewing;
      const isOurs = !term.isOver;
      term.end(new NotLeading('The term has ended.'));
      this.#metrics.leading.set({ name: this.#name }, 0);
      if (isOurs) await this.#release(latest);
    }
    if (term.isLost) throw new NotLeading(`${this.#identity} lost the lease ${this.#name}.`);
  }

  async #acquire(signal: AbortSignal): Promise<{ lease: Lease; sentAt: number } | undefined> {
    let seenVersion: string | undefined;
    let seenAt = 0;
    while (!signal.aborted) {
      try {
        const lease = await this.#record.read(this.#renewDeadlineMs, signal);
        const version = lease?.metadata.resourceVersion;
        const now = this.#clock.now();
        if (version !== seenVersion) {
          seenVersion = version;
          seenAt = now;
        }
        const holder = lease?.spec?.holderIdentity ?? '';
        // A holder that promised itself more time than we would gets it.
        const heldMs = Math.max(this.#leaseDurationMs, (lease?.spec?.leaseDurationSeconds ?? 0) * 1_000);
        if (holder === '' || now - seenAt >= heldMs) {
          const sentAt = this.#clock.now();
          const call = { timeoutMs: this.#renewDeadlineMs, signal };
          return {
            lease: await this.#record.take(lease, this.#identity, this.#leaseDurationMs, call),
            sentAt,
          };
        }
      } catch (error) {
        if (!signal.aborted && !answered(error, 409))
          this.#log.warn('Cannot read or take the lease', { error });
      }
      await pause(this.#retryPeriodMs * (1 + Math.random() / 5), signal, this.#clock);
    }
    return undefined;
  }

  /** Renews until told to stop or until the term is over; returns the record as it was written last. */
  async #renew(first: Lease, term: Term, stop: AbortSignal): Promise<Lease> {
    let lease = first;
    while (!stop.aborted && !term.isOver) {
      await pause(this.#retryPeriodMs, stop, this.#clock);
      if (stop.aborted || term.isOver) break;
      const sentAt = this.#clock.now();
      try {
        // A renewal that hangs must leave time for another one.
        const timeoutMs = Math.max(1, Math.min(term.deadline() - sentAt, this.#renewDeadlineMs / 2));
        lease = await this.#record.take(lease, this.#identity, this.#leaseDurationMs, { timeoutMs });
        term.extend(sentAt + this.#renewDeadlineMs);
      } catch (error) {
        this.#log.warn('Cannot renew the lease', {
          error,
          leftMs: Math.round(term.deadline() - this.#clock.now()),
        });
        if (answered(error, 404, 409)) lease = await this.#reread(lease, term, stop);
      }
    }
    return lease;
  }

  /** After a conflict: a renewal whose answer was lost is ours; anything else means that another one leads. */
  async #reread(lease: Lease, term: Term, stop: AbortSignal): Promise<Lease> {
    try {
      const now = await this.#record.read(this.#renewDeadlineMs / 2, stop);
      if (now?.spec?.holderIdentity === this.#identity) return now;
      term.lose(
        new NotLeading(`${now?.spec?.holderIdentity || 'Nobody'} holds the lease ${this.#name} now.`),
      );
    } catch (error) {
      if (!stop.aborted) this.#log.warn('Cannot read the lease', { error });
    }
    return lease;
  }

  async #release(lease: Lease): Promise<void> {
    try {
      await this.#record.take(lease, '', 1_000, { timeoutMs: this.#retryPeriodMs });
      this.#log.info('Gave the lease back');
    } catch (error) {
      this.#log.warn('Could not give the lease back; it runs out by itself', { error });
    }
  }
}

/** The time during which a process leads; it ends once and for all. */
class Term implements Leading {
  readonly #clock: Clock;
  readonly #controller: AbortController;
  readonly #release: () => void;
  #deadline: number;
  #cancel: () => void = () => {};
  isLost = false;

  constructor(deadline: number, parent: AbortSignal, clock: Clock) {
    this.#clock = clock;
    this.#deadline = deadline;
    const { controller, release } = followedBy(parent);
    this.#controller = controller;
    this.#release = release;
    this.extend(deadline);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lost or run out. A stop that was asked for is not the end: what runs may still write. */
  get isOver(): boolean {
    if (!this.isLost && this.#clock.now() >= this.#deadline)
      this.lose(new NotLeading('The lease has run out.'));
    return this.isLost;
  }

  deadline(): number {
    return this.#deadline;
  }

  assertLeading(): void {
    if (this.isOver) throw new NotLeading('The lease has run out or was taken over: nothing may be written.');
  }

  /** Does nothing when the term is over: a late answer does not bring it back. */
  extend(deadline: number): void {
    if (this.isOver) return;
    this.#deadline = deadline;
    this.#cancel();
    this.#cancel = this.#clock.after(deadline - this.#clock.now(), () => this.isOver);
  }

  lose(reason: NotLeading): void {
    this.isLost = true;
    this.#cancel();
    this.#controller.abort(reason);
  }

  end(reason: NotLeading): void {
    this.#cancel();
    this.#release();
    this.#controller.abort(reason);
    this.#deadline = Number.NEGATIVE_INFINITY;
  }
}
