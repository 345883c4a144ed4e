interface Waiter {
  enter: () => void;
}

/**
 * Seats for requests, shared fairly among flows.
 * - Never more requests are inside than there are seats, nor more of one flow than half of them: however much one flow
 *   asks for, another finds a seat at once.
 * - When all are taken, flows take turns; within a flow first come is first served.
 * - Who gives up loses nothing but his place in line.
 */
export class FairGate {
  readonly #seats: number;
  readonly #mostOfAFlow: number;
  readonly #inside = new Map<string, number>();
  /** Who waits, by flow. The order of the flows is that of their turns. */
  readonly #lines = new Map<string, Set<Waiter>>();
  #taken = 0;

  constructor(seats: number) {
    if (!(seats >= 2)) throw new RangeError(`A gate needs two seats at least, not ${seats}.`);
    this.#seats = seats;
    this.#mostOfAFlow = Math.ceil(seats / 2);
  }

  /** How many wait. */
  get waiting(): number {
    let sum = 0;
    for (const line of this.#lines.values()) sum += line.size;
    return sum;
  }

  /** Resolves with a seat; call the function to give it back. Rejects with the signal's reason when that comes first. */
  async enter(flow: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#hasRoom(flow) && !this.#lines.has(flow)) this.#take(flow);
    else await this.#wait(flow, signal);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#leave(flow);
    };
  }

  #hasRoom(flow: string): boolean {
    return this.#taken < this.#seats && (this.#inside.get(flow) ?? 0) < this.#mostOfAFlow;
  }

  #take(flow: string): void {
    this.#taken += 1;
    this.#inside.set(flow, (this.#inside.get(flow) ?? 0) + 1);
  }

  #leave(flow: string): void {
    this.#taken -= 1;
    const left = (this.#inside.get(flow) ?? 1) - 1;
    if (left > 0) this.#inside.set(flow, left);
    else this.#inside.delete(flow);
    this.#admit();
  }

  /** One seat came free: the first flow in turn that may have it gets it. */
  #admit(): void {
    for (const [flow, line] of this.#lines) {
      if (!this.#hasRoom(flow)) continue;
      const [next] = line;
      if (next === undefined) continue;
      line.delete(next);
      this.#lines.delete(flow);
      if (line.size > 0) this.#lines.set(flow, line);
      // Before the one who waits hears of it: nobody may take the seat in between.
      this.#take(flow);
      next.enter();
      return;
    }
  }

  #wait(flow: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(flow) ?? new Set();
      this.#lines.set(flow, line);
      const giveUp = () => {
        line.delete(waiter);
        if (line.size === 0 && this.#lines.get(flow) === line) this.#lines.delete(flow);
        reject(signal.reason);
      };
      const waiter = {
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      line.add(waiter);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
