import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigurationError, readMigrationConfig } from '../config.ts';
import { createLogger, errorFields } from '../telemetry/logger.ts';
import { TRY_AGAIN } from './failure.ts';
import { readMigrations } from './files.ts';
import { leave, type Result } from './result.ts';
import {
  isMistake,
  mayBeTriedAgain,
  RunFailed,
  reportMigrations,
  runMigrations,
  type Target,
} from './runner.ts';

type Command = { report: true } | { report?: false; target: Target };

const COMMANDS: Record<string, Command> = {
  '': { target: { direction: 'up', kinds: ['expand'] } },
  contract: { target: { direction: 'up', kinds: ['contract'] } },
  all: { target: { direction: 'up' } },
  report: { report: true },
};

/**
 * `migrate` and its words. Logs what it does as JSON lines, leaves its result where MIGRATION_RESULT_FILE says, and returns
 * the exit code: 1 when it failed, 75 when it failed and may succeed later. Throws ConfigurationError.
 */
export async function migrate(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  const config = readMigrationConfig(process.env);
  const logger = createLogger(config);
  const { url, deadlineMs, resultFile, run, version, authorityFile } = config;
  try {
    const migrations = readMigrations(migrationsFolder());
    const verified = authorityFile === undefined ? {} : { authority: readFileSync(authorityFile, 'utf8') };
    const options = { url, migrations, logger, deadlineMs, ...verified };
    const result = command.report
      ? await reportMigrations(options)
      : await runMigrations({
          ...options,
          target: command.target,
          version,
          ...(run === undefined ? {} : { run }),
        });
    leave(result, resultFile);
    logger.info(command.report ? 'this is pending' : 'the schema is as it should be', { ...result });
    return 0;
  } catch (error) {
    const again = mayBeTriedAgain(error);
    // A mistake in the migrations needs no stack; whatever else went wrong may.
    const fields = isMistake(error) ? { error: (error as Error).message } : errorFields(error);
    leave(failed(error, String(fields.error)), resultFile);
    logger.error('the migration failed', { ...fields, again });
    return again ? TRY_AGAIN : 1;
  }
}

/** What there is to say of a failure; of one before anything was found, only why. */
function failed(error: unknown, why: string): Result {
  if (error instanceof RunFailed) return error.result;
  const nothing = { fresh: false, newest: 0, pending: { expand: [], contract: [] } };
  return { ...nothing, applied: [], irreversible: [], error: why };
}

function readCommand(args: readonly string[]): Command {
  const [word = '', number, ...rest] = args;
  const isDown = word === 'down' && number !== undefined && /^\d{1,4}$/.test(number) && rest.length === 0;
  if (isDown) return { target: { direction: 'down', number: Number(number) } };
  const known = number === undefined && Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (known) return known;
  throw new ConfigurationError([
    `migrate: found "${args.join(' ')}", expected nothing, "report", "contract", "all", or "down" and a migration's number`,
  ]);
}

/** MIGRATIONS_DIR; else the folder next to a bundle; else, run from source, this one. */
function migrationsFolder(): string {
  const given = process.env.MIGRATIONS_DIR;
  if (given !== undefined && given !== '') return given;
  const besideBundle = fileURLToPath(new URL('./migrations', import.meta.url));
  return existsSync(besideBundle) ? besideBundle : fileURLToPath(new URL('.', import.meta.url));
}
