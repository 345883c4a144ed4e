import type { EnvironmentStatus } from '../api/status.ts';
import { follow } from './course.ts';
import type { Course } from './shapes.ts';

/** Rollouts that are remembered; the one that was touched least lately is forgotten first. */
const MOST_COURSES = 128;

/** The latest rollout of each environment, so that its past is there when the page is opened. */
export class Courses {
  readonly #courses = new Map<string, Course>();

  get(key: string): Course | undefined {
    return this.#courses.get(key);
  }

  /** Takes in what an environment says of itself; `gone` when it is no more. Costs nothing where nothing is released. */
  observe(key: string, environment: { status?: EnvironmentStatus } | 'gone', now: number): void {
    if (environment === 'gone') {
      this.#courses.delete(key);
      return;
    }
    const before = this.#courses.get(key);
    const after = follow(before, environment.status, now);
    if (after === undefined || after === before) return;
    this.#courses.delete(key);
    this.#courses.set(key, after);
    const [oldest] = this.#courses.keys();
    if (this.#courses.size > MOST_COURSES && oldest !== undefined) this.#courses.delete(oldest);
  }
}
