import { ConfigurationError } from './config.ts';

const usage = `Usage: main.ts [serve | migrate]
  serve            answer requests (the default)
  migrate          bring the database's schema up to date
  migrate down N   undo the migrations after number N (0 undoes all of them)`;

/** Each command is loaded when it is asked for: a migration need not wait for the server's modules. */
async function run([command = 'serve', ...rest]: readonly string[]): Promise<number> {
  if (command === 'serve' && rest.length === 0) return (await import('./serve.ts')).serve();
  if (command === 'migrate') return (await import('./migrations/command.ts')).migrate(rest);
  console.error(usage);
  return 2;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
