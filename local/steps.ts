import { Listr } from 'listr2';
import { LocalFailure, type Report } from './report.ts';
import { durationTable, taken, timed } from './timing.ts';

export interface Step {
  name: string;
  work: (report: Report) => Promise<unknown>;
}

export interface StepOptions {
  /** Run the steps side by side instead of one after another. */
  concurrent?: boolean;
}

/**
 * Runs named steps and shows where they are: a live list on a terminal, else plain lines with the time of day (CI).
 * The first failure ends it and is thrown; steps that ran beside it are not waited for.
 */
export async function runSteps(steps: Step[], options: StepOptions = {}): Promise<void> {
  const concurrent = options.concurrent ?? false;
  if (!process.stdout.isTTY || process.env.CI !== undefined) return runPlainly(steps, concurrent);
  const tasks = steps.map((step) => ({
    title: step.name,
    task: async (_context: unknown, task: { output: string }) => {
      await timed(
        step.name,
        (line) => {
          task.output = fitted(withoutName(line, step.name), process.stdout.columns - INDENT);
        },
        step.work,
      );
    },
  }));
  await new Listr(tasks, { concurrent, rendererOptions: { collapseErrors: false } }).run();
}

/** A line of `timed` under the title that says the step's name already. */
export function withoutName(line: string, name: string): string {
  return line.startsWith(name) ? line.slice(name.length).replace(/^(: | )/, '') : line;
}

/** What listr2 puts before a step's line. */
const INDENT = 6;

/** The line in `width` columns: of a long one the middle is left out, because the time left stands at its end. */
export function fitted(line: string, width: number): string {
  if (line.length <= width) return line;
  const end = line.match(/ \([^()]*\)$/)?.[0] ?? '';
  return `${line.slice(0, Math.max(0, width - end.length - 1))}…${end}`;
}

async function runPlainly(steps: Step[], concurrent: boolean): Promise<void> {
  const run = async ({ name, work }: Step) => {
    const say = throttled((line) => printLine(line));
    printLine(`${name} ...`);
    await timed(name, say, work);
    printLine(`${name}: done`);
  };
  if (concurrent) await Promise.all(steps.map(run));
  else for (const step of steps) await run(step);
}

/** One line on standard output with the time of day. */
export const printLine: Report = (line) => {
  process.stdout.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`);
};

const QUIET_MS = 15_000;

/** A compiler reports thousands of packages: of lines that differ only in their numbers, one in fifteen seconds is passed on. */
export function throttled(report: Report, now: () => number = Date.now): Report {
  let shape = '';
  let last = Number.NEGATIVE_INFINITY;
  return (line) => {
    const next = line.replace(/\d+/g, '#').replace(/\(.*?left\)|\(longer.*?\)/, '');
    if (next === shape && now() - last < QUIET_MS) return;
    shape = next;
    last = now();
    report(line);
  };
}

/** Prints how long each step of this process took. */
export function printDurations(): void {
  process.stdout.write(`\nTime taken:\n${durationTable(taken)}\n`);
}

/**
 * Runs a script's work and ends the process: 0 when it resolves; 1 with one sentence when it fails. A person who
 * presses Ctrl-C is told that the next run resumes.
 */
export async function script(work: () => Promise<void>): Promise<never> {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      process.stderr.write('\nInterrupted: run the command again to go on from here.\n');
      process.exit(code);
    });
  }
  try {
    await work();
  } catch (error) {
    process.stderr.write(`\n${sentence(error)}\n`);
    process.exit(1);
  }
  process.exit(0);
}

function sentence(error: unknown): string {
  if (error instanceof LocalFailure) return error.message;
  // Not foreseen, and so a fault of this project: here the stack helps whoever mends it.
  return process.env.DEBUG && error instanceof Error
    ? (error.stack ?? error.message)
    : `This should not happen: ${String(error)} (DEBUG=1 shows where).`;
}
