import type { RolloutMemory } from '../rollout/state.ts';

/**
 * What a rollout remembers, as if the time in which the environment was paused had not passed: no deadline runs out and no
 * step ends while nobody acts. `pausedSince` and `now` in milliseconds since 1970. Pure.
 */
export function resumed(memory: RolloutMemory, pausedSince: number, now: number): RolloutMemory {
  const later = (time: string) => new Date(Date.parse(time) + now - pausedSince).toISOString();
  const { candidate, retired, deployingSince, stable } = memory;
  return {
    ...memory,
    ...(deployingSince ? { deployingSince: later(deployingSince) } : {}),
    ...(stable?.since ? { stable: { ...stable, since: later(stable.since) } } : {}),
    ...(candidate
      ? {
          candidate: {
            ...candidate,
            startedAt: later(candidate.startedAt),
            ...(candidate.stepStartedAt ? { stepStartedAt: later(candidate.stepStartedAt) } : {}),
            ...(candidate.waitingSince ? { waitingSince: later(candidate.waitingSince) } : {}),
            ...(candidate.heldSince ? { heldSince: later(candidate.heldSince) } : {}),
          },
        }
      : {}),
    ...(retired ? { retired: retired.map((one) => ({ ...one, since: later(one.since) })) } : {}),
  };
}
