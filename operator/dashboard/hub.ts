import type { Environment } from '../api/resolved.ts';
import { Courses } from './courses.ts';
import { rowOf } from './row.ts';
import type { Course, Row } from './shapes.ts';

/** Changes that come close together are looked at together. */
const GATHER_MS = 100;

/** Where environments are known. */
export interface Source {
  environments(): Environment[];
  environment(namespace: string, name: string): Environment | undefined;
}

/** What changed: keys whose rows are others now or gone; of an environment without change in its row, `touched` alone. */
export interface Changes {
  rows: ReadonlySet<string>;
  touched: ReadonlySet<string>;
}

type Listener = (changes: Changes) => void;

/**
 * What the pages that are open have to be told. While nobody looks, a change costs the look at whether something is being
 * released, and nothing else is kept.
 */
export class Hub {
  readonly #source: Source;
  readonly #courses = new Courses();
  readonly #listeners = new Set<Listener>();
  readonly #touched = new Set<string>();
  /** Rows as they were told, with the JSON by which a change is seen. */
  #rows = new Map<string, { row: Row; json: string }>();
  #timer: NodeJS.Timeout | undefined;
  readonly #now: () => number;

  constructor(source: Source, now: () => number = Date.now) {
    this.#source = source;
    this.#now = now;
  }

  /** Tells that something happened to the environment with this key. */
  changed(key: string): void {
    this.#courses.observe(key, this.environment(key) ?? 'gone', this.#now());
    if (this.#listeners.size === 0) return;
    this.#touched.add(key);
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  environment(key: string): Environment | undefined {
    const [namespace = '', name = ''] = key.split('/');
    return this.#source.environment(namespace, name);
  }

  course(key: string): Course | undefined {
    return this.#courses.get(key);
  }

  row(key: string): Row | undefined {
    return this.#rows.get(key)?.row;
  }

  /** All rows as they were told last. */
  rows(): Row[] {
    return Array.from(this.#rows.values(), ({ row }) => row);
  }

  /** Calls `listener` for changes from now on; the returned function ends that. */
  listen(listener: Listener): () => void {
    if (this.#listeners.size === 0)
      for (const environment of this.#source.environments()) this.#look(rowOf(environment));
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#touched.clear();
      this.#rows = new Map();
    };
  }

  #tell(): void {
    this.#timer = undefined;
    const touched = new Set(this.#touched);
    this.#touched.clear();
    const rows = new Set<string>();
    for (const key of touched) {
      const environment = this.environment(key);
      const isNews = environment ? this.#look(rowOf(environment)) : this.#rows.delete(key);
      if (isNews) rows.add(key);
    }
    for (const listener of this.#listeners) listener({ rows, touched });
  }

  /** Whether the row says something new. */
  #look(row: Row): boolean {
    const json = JSON.stringify(row);
    if (this.#rows.get(row.key)?.json === json) return false;
    this.#rows.set(row.key, { row, json });
    return true;
  }
}
