import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Possible, type RestoreResult, resultText } from '../../operator/restore/result.ts';
import type { Target } from '../../operator/restore/world.ts';
import { withScratch } from '../scratch.ts';
import { readSettings } from '../settings.ts';
import { choose, TargetRefused } from './choice.ts';
import { restoreBeside } from './in-place.ts';
import { NotWhole } from './recovered.ts';
import { type RehearsalOptions, rehearse } from './rehearsal.ts';
import { OWN_REPOSITORY } from './repository.ts';

/** Trying again would not help: of the last words the operator learns why. */
const REFUSED = 1;
/** The same may come to a good end later: the storage was away. */
const TRY_AGAIN = 75;

const FOUR_HOURS_SECONDS = 14_400;

/**
 * A Job of a restore. What is to be restored is in the environment (RESTORE_TARGET as JSON, RESTORE_STANZA, RESTORE_BROKEN,
 * RESTORE_KEPT), what became of it goes to RESULT_FILE. Returns the exit code.
 * drill: into SCRATCH_FOLDER. look: whether it can be done. in-place: beside PGDATA, for members of DATA_GENERATION.
 */
export async function restoreJob(
  kind: 'drill' | 'look' | 'in-place',
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  const options = {
    target: JSON.parse(env.RESTORE_TARGET ?? '{}') as Target,
    environment: readSettings().environment,
    stanza: env.RESTORE_STANZA || undefined,
    broken: (env.RESTORE_BROKEN ?? '').split(' ').filter(Boolean),
    kept: env.RESTORE_KEPT || undefined,
    scratch: env.SCRATCH_FOLDER ?? '/scratch',
    timeoutMs: Number(env.DEADLINE_SECONDS ?? FOUR_HOURS_SECONDS) * 1000,
    signal: stop.signal,
  };
  const work = {
    drill: () => rehearse(OWN_REPOSITORY, options),
    look: () => lookedAt(options),
    'in-place': () =>
      restoreBeside(OWN_REPOSITORY, {
        ...options,
        data: needed(env, 'PGDATA'),
        generation: needed(env, 'DATA_GENERATION'),
        env,
      }),
  }[kind];
  const { result, code } = await outcome(work);
  const words = typeof result === 'string' ? result : resultText(result);
  console.log(words);
  writeFileSync(env.RESULT_FILE ?? '/dev/termination-log', words);
  return code;
}

function needed(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`set ${name}: the data that is restored lies beside that of a member`);
  return value;
}

async function lookedAt({ scratch, ...wanted }: RehearsalOptions): Promise<Possible> {
  return withScratch(scratch, async (parent) => {
    const folder = join(parent, 'log');
    const { label, stanza } = await choose(
      OWN_REPOSITORY,
      { ...wanted, folder, now: Date.now() },
      wanted.signal,
    );
    return { outcome: 'possible', backup: label, stanza };
  });
}

/** Words that are no result say that it is not over. */
async function outcome(
  work: () => Promise<RestoreResult>,
): Promise<{ result: RestoreResult | string; code: number }> {
  try {
    return { result: await work(), code: 0 };
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof TargetRefused)
      return { result: { outcome: 'refused', reason: error.reason, message }, code: REFUSED };
    if (error instanceof NotWhole)
      return { result: { outcome: 'failed', reason: error.reason, message }, code: REFUSED };
    return { result: message, code: TRY_AGAIN };
  }
}
