import { createHash } from 'node:crypto';
import type { Cluster } from '@kubernetes/client-node';
import { Viewer } from './viewer.ts';

/** People at once. Each has a client of its own, whose connections are what this limits. */
const MOST = 64;
/** Who has asked for nothing for this long is forgotten, and the token with it. */
const IDLE_MS = 120_000;

interface Guest {
  viewer: Viewer;
  /** Streams and requests under way. */
  visits: number;
  seenAt: number;
}

/** The people who look now, by the hash of their tokens. */
export class Viewers {
  readonly #cluster: Cluster;
  readonly #freshMs: number;
  readonly #guests = new Map<string, Guest>();
  readonly #sweep: NodeJS.Timeout;

  constructor(cluster: Cluster, freshMs: number) {
    this.#cluster = cluster;
    this.#freshMs = freshMs;
    this.#sweep = setInterval(() => this.#forgetIdle(), IDLE_MS / 2).unref();
  }

  /** Who the token is of, for as long as `visit` takes; undefined when too many people look already. */
  async with<T>(token: string, visit: (viewer: Viewer) => Promise<T>): Promise<T | undefined> {
    const guest = this.#guest(createHash('sha256').update(token).digest('hex'), token);
    if (guest === undefined) return undefined;
    guest.visits += 1;
    try {
      return await visit(guest.viewer);
    } finally {
      guest.visits -= 1;
      guest.seenAt = performance.now();
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all([...this.#guests.values()].map(({ viewer }) => viewer.close()));
    this.#guests.clear();
  }

  #guest(id: string, token: string): Guest | undefined {
    const known = this.#guests.get(id);
    if (known) return known;
    if (this.#guests.size >= MOST) this.#forgetOneIdle();
    if (this.#guests.size >= MOST) return undefined;
    const guest = {
      viewer: new Viewer(this.#cluster, token, this.#freshMs),
      visits: 0,
      seenAt: performance.now(),
    };
    this.#guests.set(id, guest);
    return guest;
  }

  #forgetIdle(): void {
    const before = performance.now() - IDLE_MS;
    for (const [id, guest] of this.#guests) if (guest.seenAt < before) this.#forget(id, guest);
  }

  /** Guesses of tokens must not keep people out. */
  #forgetOneIdle(): void {
    const idle = [...this.#guests].filter(([, { visits }]) => visits === 0);
    const [oldest] = idle.sort(([, a], [, b]) => a.seenAt - b.seenAt);
    if (oldest) this.#forget(...oldest);
  }

  #forget(id: string, guest: Guest): void {
    if (guest.visits > 0) return;
    this.#guests.delete(id);
    void guest.viewer.close();
  }
}
