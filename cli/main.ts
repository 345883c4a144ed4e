#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit.ts';
import { failureOf } from './failure.ts';
import { globalsOf, programOf, type Run } from './program.ts';
import { clientOf, type Session, targetOf } from './session.ts';
import { terminalOf } from './terminal/terminal.ts';

const ending = new AbortController();
let exitCode: ExitCode = EXIT.done;

/** The session of a command, and the sentence of what goes wrong in it. */
const run: Run = async (command, body) => {
  const terminal = terminalOf(process, process.env);
  const note = (text: string) => void process.stderr.write(`${text}\n`);
  const known: Parameters<typeof failureOf>[1] = {};
  try {
    const options = globalsOf(command);
    const target = targetOf(options);
    Object.assign(known, target.asked);
    const client = clientOf(target);
    const session: Session = {
      client,
      namespace: target.namespace,
      asked: target.asked,
      format: options.output ?? 'text',
      terminal,
      signal: ending.signal,
      now: Date.now,
      print: (text) => void process.stdout.write(`${text}\n`),
      note,
      kubectlFlags: target.kubectlFlags,
    };
    try {
      exitCode = await body(session);
    } finally {
      await client.close();
    }
  } catch (error) {
    if (ending.signal.aborted) {
      exitCode = EXIT.interrupted;
      return;
    }
    const failure = failureOf(error, known);
    if (failure === undefined) throw error;
    exitCode = failure.exitCode;
    note(`${terminal.paint('bad', '✗')} ${failure.sentence}`);
  }
};

async function main(): Promise<void> {
  // A second Ctrl-C does not wait for anything.
  process.once('SIGINT', () => ending.abort());
  process.once('SIGTERM', () => ending.abort());
  // `| head` has seen enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(EXIT.done);
  });
  try {
    await programOf(run).parseAsync(process.argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are thrown as well, with exit code 0; commander has written the sentence.
    exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  process.exitCode = exitCode;
}

main().catch((error: unknown) => {
  // Nobody foresaw this one: what is shown is for who mends it.
  const stack = error instanceof Error ? error.stack : String(error);
  console.error(`This is a mistake of kubectl cryptosense itself, please report it:\n${stack}`);
  process.exitCode = EXIT.no;
});
