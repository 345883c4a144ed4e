import type { EffectiveSpec } from '../../../operator/api/effective-spec.ts';
import type { Measured, Outcome } from '../../../operator/rollout/analysis/measured.ts';
import { BACKGROUND, type MetricPolicy, policyOf } from '../../../operator/rollout/analysis/policy.ts';
import { dueIn } from '../../../operator/rollout/analysis/run.ts';
import type { Simulation } from './simulation.ts';

/** The sources of a simulation's metrics: the counters of its pods, and what a test lets the others say. */
export class SimulatedSources {
  /** What a metric answers that does not count requests, by its name. */
  readonly answers = new Map<string, Outcome>();
  readonly #counters = new Map<string, { requests: number; bad: number }>();

  /** What the sources say to what is due. */
  measured(world: Simulation, policy: EffectiveSpec['rollout']): Measured[] {
    const { candidate } = world.memory;
    if (!candidate) return [];
    return (candidate.analyses ?? []).flatMap((run) =>
      (policyOf(policy, run.id)?.metrics ?? [])
        .filter((metric) => (dueIn(run, metric, world.now) ?? 1) <= 0)
        .filter(() => candidate.weight > 0 || run.id !== BACKGROUND)
        .map((metric): Measured => {
          const at = new Date(world.now).toISOString();
          const { name } = metric;
          const outcome =
            this.answers.get(name) ?? this.#counted(world, `${run.id}/${run.startedAt}/${name}`, metric);
          return { run: run.id, startedAt: run.startedAt, metric: name, at, outcome };
        }),
    );
  }

  /** The pods' counters since the last time; the candidate's since its birth. */
  #counted(world: Simulation, id: string, { source, comparison }: MetricPolicy): Outcome {
    const isLatency = source.type === 'pods' && source.measure === 'latency';
    const since = (revision: string | undefined, isNew: boolean) => {
      const { requests = 0, errors = 0, slow = 0 } = world.pods.get(revision ?? '') ?? {};
      const now = { requests, bad: isLatency ? slow : errors };
      const key = `${id}/${revision}`;
      const before = this.#counters.get(key) ?? (isNew ? { requests: 0, bad: 0 } : now);
      this.#counters.set(key, now);
      return { requests: now.requests - before.requests, bad: now.bad - before.bad };
    };
    return {
      type: 'counts',
      candidate: since(world.memory.candidate?.revision, id.startsWith(BACKGROUND)),
      ...(comparison ? { stable: since(world.memory.stable?.revision, false) } : {}),
    };
  }
}
