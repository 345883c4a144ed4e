import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ConfigurationError, readMigrationConfig } from '../config.ts';
import { createLogger, errorFields } from '../telemetry/logger.ts';
import { MigrationError, readMigrations } from './files.ts';
import { runMigrations, type Target } from './runner.ts';

/** `migrate` and `migrate down N`. Logs what it does as JSON lines; returns the exit code. Throws ConfigurationError. */
export async function migrate(args: readonly string[]): Promise<number> {
  const target = readTarget(args);
  const config = readMigrationConfig(process.env);
  const logger = createLogger(config);
  try {
    const migrations = readMigrations(migrationsFolder());
    const count = await runMigrations({
      url: config.url,
      migrations,
      target,
      version: config.version,
      logger,
    });
    logger.info('the schema is as it should be', { migrations: count, direction: target.direction });
    return 0;
  } catch (error) {
    // A mistake in the migrations needs no stack; whatever else went wrong may.
    const fields = error instanceof MigrationError ? { error: error.message } : errorFields(error);
    logger.error('the migration failed', fields);
    return 1;
  }
}

function readTarget(args: readonly string[]): Target {
  const [direction, number, ...rest] = args;
  if (direction === undefined) return { direction: 'up' };
  if (direction === 'down' && number !== undefined && /^\d{1,4}$/.test(number) && rest.length === 0) {
    return { direction: 'down', number: Number(number) };
  }
  const found = args.join(' ');
  throw new ConfigurationError([
    `migrate: found "${found}", expected nothing, or "down" and a migration's number`,
  ]);
}

/** MIGRATIONS_DIR; else the folder next to a bundle; else, run from source, this one. */
function migrationsFolder(): string {
  const given = process.env.MIGRATIONS_DIR;
  if (given !== undefined && given !== '') return given;
  const besideBundle = fileURLToPath(new URL('./migrations', import.meta.url));
  return existsSync(besideBundle) ? besideBundle : fileURLToPath(new URL('.', import.meta.url));
}
