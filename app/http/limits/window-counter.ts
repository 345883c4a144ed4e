/** Length of the window in which requests are counted, in seconds. Windows begin at multiples of it since the epoch. */
export const WINDOW_S = 60;
/** So many clients are told apart in a window; beyond it new ones are not counted, so that memory is bounded. */
const MOST_CLIENTS = 50_000;

/** What a client may do, and what is left of it. */
export interface Allowance {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly resetS: number;
}

interface Count {
  /** What all replicas had counted at the last exchange, this one's part included. */
  known: number;
  /** What this replica has counted since. */
  unsent: number;
}

/** Requests of each client in the present window: this replica's own count, and the others' as of the last exchange. */
export class WindowCounter {
  #window = 0;
  #counts = new Map<string, Count>();

  /** Counts one request of `client`, if `quota` requests a window leave room for it. `now` in ms since the epoch. */
  take(client: string, quota: number, now: number): Allowance {
    this.#turn(now);
    const resetS = Math.ceil(((this.#window + 1) * WINDOW_S * 1_000 - now) / 1_000);
    const count = this.#countOf(client);
    if (count === undefined) return { allowed: true, remaining: quota - 1, resetS };
    const used = count.known + count.unsent;
    if (used >= quota) return { allowed: false, remaining: 0, resetS };
    count.unsent += 1;
    return { allowed: true, remaining: quota - used - 1, resetS };
  }

  /** What the other replicas do not know yet; it counts as sent from now on. */
  drain(now: number): { window: number; increments: [client: string, count: number][] } {
    this.#turn(now);
    const increments: [string, number][] = [];
    for (const [client, count] of this.#counts) {
      if (count.unsent === 0) continue;
      increments.push([client, count.unsent]);
      count.known += count.unsent;
      count.unsent = 0;
    }
    return { window: this.#window, increments };
  }

  /** What all replicas together have counted; ignored when that window is over. */
  learn(window: number, client: string, total: number): void {
    const count = window === this.#window ? this.#counts.get(client) : undefined;
    // Never less than this replica has counted by itself: Redis may have been emptied.
    if (count) count.known = Math.max(count.known, total);
  }

  #countOf(client: string): Count | undefined {
    const count = this.#counts.get(client);
    if (count || this.#counts.size >= MOST_CLIENTS) return count;
    const begun = { known: 0, unsent: 0 };
    this.#counts.set(client, begun);
    return begun;
  }

  #turn(now: number): void {
    const window = Math.floor(now / 1_000 / WINDOW_S);
    if (window === this.#window) return;
    this.#window = window;
    this.#counts = new Map();
  }
}
