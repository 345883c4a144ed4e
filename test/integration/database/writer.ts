import postgres from 'postgres';

/** A write that takes longer is given up by its client, and its connection with it. */
const PATIENCE_MS = 1_000;

export interface Written {
  id: number;
  /** When the answer came, by performance.now(). */
  at: number;
}

/**
 * Writes one row after the other and remembers which ones the database has confirmed. A row that was "committed locally"
 * only, which PostgreSQL warns of, counts as not confirmed.
 */
export class CountingWriter {
  readonly confirmed: Written[] = [];
  readonly #options: postgres.Options<Record<string, never>>;
  readonly #running: Promise<void>;
  #sql: postgres.Sql;
  #isOver = false;
  #warned = false;
  #next = 1;
  failures = 0;

  private constructor(options: postgres.Options<Record<string, never>>) {
    this.#options = options;
    this.#sql = this.#connection();
    this.#running = this.#run();
  }

  /** Makes its table and begins. */
  static async start(options: postgres.Options<Record<string, never>>): Promise<CountingWriter> {
    const sql = postgres({ ...options, max: 1, prepare: false, onnotice: () => {} });
    await sql`create table if not exists written (id bigint primary key, at timestamptz default clock_timestamp())`;
    await sql`truncate written`;
    await sql.end();
    return new CountingWriter(options);
  }

  /** The longest time without a confirmed write since `from`, in milliseconds. */
  longestGap(from: number): number {
    const times = [from, ...this.confirmed.map(({ at }) => at).filter((at) => at > from), performance.now()];
    return Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at)));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    await this.#sql.end({ timeout: 1 });
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const id = this.#next;
      this.#next += 1;
      this.#warned = false;
      try {
        await within(PATIENCE_MS, this.#sql`insert into written (id) values (${id})`);
        if (!this.#warned) this.confirmed.push({ id, at: performance.now() });
      } catch {
        this.failures += 1;
        // The answer of the write that was given up must not be taken for that of the next one.
        void this.#sql.end({ timeout: 0 }).catch(() => {});
        this.#sql = this.#connection();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  #connection(): postgres.Sql {
    return postgres({
      ...this.#options,
      max: 1,
      prepare: false,
      connect_timeout: 2,
      fetch_types: false,
      onnotice: () => {
        this.#warned = true;
      },
    });
  }
}

async function within<T>(ms: number, asked: PromiseLike<T>): Promise<T> {
  const work = Promise.resolve(asked);
  // One that is given up fails later, and by then nobody waits for it.
  work.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
