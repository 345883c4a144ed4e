import { type Environment, LABELS } from '../api/resolved.ts';
import { AGENT_PORT } from '../backup/agent.ts';
import { type ArchiveState, archiveProblem } from '../backup/archive.ts';
import type { Caches } from './caches.ts';
import type { Live } from './snapshot.ts';

/** How the archiving of the log was found. */
export interface ArchiveLook {
  /** Of the primary. */
  readonly state?: ArchiveState;
  /** Why it is not known, when it was not for a while. */
  readonly problem?: string;
}

/** Gives the text of a page; rejects with a sentence. */
export type AskAgent = (url: string) => Promise<string>;

const EVERY_MS = 30_000;
const TIMEOUT_MS = 5_000;
/** A pod that starts, or a switchover, is no trouble; RPO is five minutes. */
const UNKNOWN_FOR_MS = 180_000;

interface Memory {
  timer?: NodeJS.Timeout;
  look: ArchiveLook;
  told: string;
  /** On the process's own clock, in milliseconds. */
  knownAt: number;
}

/**
 * Asks the agents beside the members of a database every half a minute how the archiving stands, and wakes the environment
 * when the verdict is another one: its figures move all the time, and are metrics.
 */
export class ArchiveWatch {
  readonly #caches: Pick<Caches, 'of'>;
  readonly #wake: (key: string) => void;
  readonly #ask: AskAgent;
  readonly #memories = new Map<string, Memory>();

  constructor(options: { caches: Pick<Caches, 'of'>; wake: (key: string) => void; ask?: AskAgent }) {
    this.#caches = options.caches;
    this.#wake = options.wake;
    this.#ask = options.ask ?? askPage;
  }

  /** What is known; from the first call on it is looked after, until `forget` or until backups are switched off. */
  look(key: string, environment: Environment): ArchiveLook | undefined {
    if (environment.spec.backup?.enabled !== true || environment.metadata.deletionTimestamp) {
      this.forget(key);
      return undefined;
    }
    const known = this.#memories.get(key);
    if (known) return known.look;
    const memory: Memory = { look: {}, told: '', knownAt: performance.now() };
    this.#memories.set(key, memory);
    void this.#again(key, environment.metadata, memory);
    return memory.look;
  }

  forget(key: string): void {
    clearTimeout(this.#memories.get(key)?.timer);
    this.#memories.delete(key);
  }

  stop(): void {
    for (const key of [...this.#memories.keys()]) this.forget(key);
  }

  async #again(key: string, whose: { name: string; namespace: string }, memory: Memory): Promise<void> {
    const found = await this.#primary(whose);
    if (this.#memories.get(key) !== memory) return;
    if (typeof found !== 'string') {
      memory.knownAt = performance.now();
      memory.look = { state: found };
    } else if (performance.now() - memory.knownAt > UNKNOWN_FOR_MS) {
      memory.look = { problem: found };
    }
    const { state, problem = '' } = memory.look;
    const tell = (state && archiveProblem(state, Date.now())) ?? problem;
    if (tell !== memory.told) this.#wake(key);
    memory.told = tell;
    memory.timer = setTimeout(() => void this.#again(key, whose, memory), EVERY_MS);
    memory.timer.unref();
  }

  /** How the primary stands, or why that is not known. Never rejects. */
  async #primary({ name, namespace }: { name: string; namespace: string }): Promise<ArchiveState | string> {
    const pods = this.#caches
      .of('Pod', namespace, name)
      .filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'database');
    const answers = await Promise.allSettled(pods.map((pod) => this.#stateOf(pod)));
    for (const answer of answers)
      if (answer.status === 'fulfilled' && answer.value.isPrimary) return answer.value;
    const failed = answers.find((answer) => answer.status === 'rejected');
    const why = failed ? (failed.reason as Error).message : 'no member of the database is primary';
    return `It is not known whether the log reaches the bucket: ${why}.`;
  }

  async #stateOf({ status, metadata }: Live): Promise<ArchiveState> {
    const ip = (status as { podIP?: string } | undefined)?.podIP;
    if (!ip) throw new Error(`pod ${metadata.name} has no address`);
    const host = ip.includes(':') ? `[${ip}]` : ip;
    return JSON.parse(await this.#ask(`http://${host}:${AGENT_PORT}/archive`)) as ArchiveState;
  }
}

async function askPage(url: string): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: Error) => {
    throw new Error(
      `the agent beside the database does not answer (${(error.cause as Error)?.message ?? error.message})`,
    );
  });
  const text = await answer.text();
  if (!answer.ok)
    throw new Error(`the agent beside the database answered ${answer.status}: ${text.slice(0, 200)}`);
  return text;
}
