import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Moment, Timeline } from '../../local/demo/timeline.ts';
import type { EnvironmentWatch } from '../../local/demo/watch.ts';

/** With ROLLOUT_RECORD set to a folder, what the status said is kept there for local/demo/timeline.ts to draw. */
const folder = process.env.ROLLOUT_RECORD;

/** Notes what the status says of a release from its beginning on. */
export class Recorder {
  #moments: Moment[] = [];
  readonly stop: () => void;

  constructor(watch: EnvironmentWatch) {
    this.stop = watch.onChange(({ status }) => {
      const { candidate, summary = '' } = status ?? {};
      if (!candidate && this.#moments.length === 0) return;
      // At its end it is the one that serves, and has everything.
      const weight = candidate?.weight ?? (status?.rejected ? 0 : 100);
      // The pods of one that was rolled back stay for a while, and status says no more of them.
      const said = this.#moments.at(-1)?.ready ?? 0;
      const ready = candidate?.readyReplicas ?? (status?.rejected ? said : (status?.readyReplicas ?? 0));
      this.#moments.push({ at: Date.now(), weight, ready, summary });
    });
  }

  forget(): void {
    this.#moments = [];
  }

  /** Writes what was noted into `file`.json, and begins anew. */
  keep(file: string, title: string): void {
    const timeline: Timeline = { title, moments: this.#moments };
    this.forget();
    if (!folder) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${file}.json`), JSON.stringify(timeline));
  }
}
