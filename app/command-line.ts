import type { Middleware } from 'koa';
import { ConfigurationError } from './config.ts';

const usage = `Usage: main.ts [serve | predictor | record | migrate]
  serve            answer requests (the default)
  predictor        answer the API's questions for forecasts
  record FILE      write what the feed says into a new file, until it is told to stop
  migrate          add to the database's schema what this release needs; to an empty database everything
  migrate contract take away what former releases needed and this one does not
  migrate all      both, one file after the other
  migrate report   say what is pending, and change nothing
  migrate down N   undo the migrations after number N (0 undoes all of them)`;

/**
 * Runs the command in the process's arguments and sets its exit code: 1 when it failed, 2 when it is unknown. Another
 * release of the server can bring `extraMiddleware`, as a function so that its own ConfigurationError is shown like any.
 */
export async function runCommandLine(extraMiddleware: () => readonly Middleware[] = () => []): Promise<void> {
  const [command = 'serve', ...rest] = process.argv.slice(2);
  try {
    // Each command is loaded when it is asked for: a migration need not wait for the server's modules.
    if (command === 'serve' && rest.length === 0) {
      const { serve } = await import('./serve.ts');
      process.exitCode = await serve(extraMiddleware());
    } else if (command === 'predictor' && rest.length === 0) {
      const { servePredictor } = await import('./predictor/serve.ts');
      process.exitCode = await servePredictor();
    } else if (command === 'record' && rest.length === 1) {
      const { record } = await import('./feed/record.ts');
      process.exitCode = await record(rest[0] as string);
    } else if (command === 'migrate') {
      const { migrate } = await import('./migrations/command.ts');
      process.exitCode = await migrate(rest);
    } else {
      console.error(usage);
      process.exitCode = 2;
    }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
