import { createInterface } from 'node:readline/promises';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';

/** Whether somebody says yes. Where nobody can be asked, and --yes is not given, it is a mistake of who typed it. */
export async function confirm(session: Session, question: string, isYes: boolean): Promise<boolean> {
  if (isYes) return true;
  assertAskable(session, `${question} Nobody can be asked here: add --yes if that is meant.`);
  return /^y(es)?$/i.test((await ask(session, `${question} [y/N] `)).trim());
}

/** Whether somebody types this very word: for what cannot be taken back. */
export async function confirmByTyping(session: Session, sentence: string, word: string): Promise<boolean> {
  assertAskable(session, `${sentence} Nobody can be asked here: add --confirm=${word} if that is meant.`);
  return (await ask(session, `${sentence} Type ${word} to go on: `)).trim() === word;
}

function assertAskable({ terminal }: Session, sentence: string): void {
  if (!terminal.canAsk) throw new CliError(sentence, EXIT.usage);
}

async function ask({ signal }: Session, question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and Ctrl-D: readline keeps them for itself, and the question would stay without an answer.
  const leaving = new AbortController();
  lines.once('SIGINT', () => leaving.abort());
  lines.once('close', () => leaving.abort());
  const stop = AbortSignal.any([signal, leaving.signal]);
  try {
    return await lines.question(question, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
    process.stderr.write('\n');
    throw new CliError('Nothing was done.', EXIT.interrupted);
  } finally {
    lines.close();
  }
}
