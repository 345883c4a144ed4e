import { setTimeout as after } from 'node:timers/promises';

/** Resolves after `ms` milliseconds, or at once when `signal` is aborted; leaves no listener at the signal. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
