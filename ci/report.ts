import { appendFileSync } from 'node:fs';

/** What went wrong, as a sentence for people: it is printed without a stack. */
export class Failure extends Error {
  override name = 'Failure';
}

/** A text as one line, for outputs and messages. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Hands a value to later steps of the workflow, in the file that the runner names; elsewhere it is printed alone. */
export function output(name: string, value: string): void {
  console.log(`${name}: ${oneLine(value)}`);
  const file = process.env.GITHUB_OUTPUT;
  if (file) appendFileSync(file, `${name}=${oneLine(value)}\n`);
}

/** Runs a script. A Failure is its sentence and exit code 1; so is anything else, with its stack. */
export async function main(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.exitCode = 1;
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
  }
}

/** A variable of the environment that has to be set. Throws Failure with where it comes from. */
export function required(name: string, from: string): string {
  const value = process.env[name]?.trim();
  if (!value) throw new Failure(`${name} is not set: ${from}.`);
  return value;
}
