import { writeFileSync } from 'node:fs';
import { type RestoreResult, resultText } from '../../operator/restore/result.ts';
import type { Target } from '../../operator/restore/world.ts';
import { readSettings } from '../settings.ts';
import { TargetRefused } from './choice.ts';
import { NotWhole } from './recovered.ts';
import { rehearse } from './rehearsal.ts';
import { OWN_REPOSITORY } from './repository.ts';

/** Trying again would not help: of the last words the operator learns why. */
const REFUSED = 1;
/** The same may come to a good end later: the storage was away. */
const TRY_AGAIN = 75;

const FOUR_HOURS_SECONDS = 14_400;

/**
 * The Job of a drill: what is to be restored is in the environment (RESTORE_TARGET as JSON, RESTORE_STANZA, RESTORE_BROKEN), what
 * became of it goes to RESULT_FILE. Returns the exit code.
 */
export async function drill(env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const { result, code } = await outcome(
    rehearse(OWN_REPOSITORY, {
      target: JSON.parse(env.RESTORE_TARGET ?? '{}') as Target,
      environment: readSettings().environment,
      stanza: env.RESTORE_STANZA || undefined,
      broken: (env.RESTORE_BROKEN ?? '').split(' ').filter(Boolean),
      scratch: env.SCRATCH_FOLDER ?? '/scratch',
      timeoutMs: Number(env.DEADLINE_SECONDS ?? FOUR_HOURS_SECONDS) * 1000,
      signal: stop.signal,
    }),
  );
  const words = typeof result === 'string' ? result : resultText(result);
  console.log(words);
  writeFileSync(env.RESULT_FILE ?? '/dev/termination-log', words);
  return code;
}

/** Words that are no result say that it is not over. */
async function outcome(
  work: Promise<RestoreResult>,
): Promise<{ result: RestoreResult | string; code: number }> {
  try {
    return { result: await work, code: 0 };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof TargetRefused)
      return { result: { outcome: 'refused', reason: error.reason, message }, code: REFUSED };
    if (error instanceof NotWhole)
      return { result: { outcome: 'failed', reason: error.reason, message }, code: REFUSED };
    return { result: message, code: TRY_AGAIN };
  }
}
