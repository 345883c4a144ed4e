import { createLogUpdate } from 'log-update';
import type { Session } from '../session.ts';

/** A part of the terminal that is drawn again and again. */
export interface LiveArea {
  /** Replaces what was drawn. */
  draw(lines: readonly string[]): void;
  /** Leaves the last drawing where it is. */
  end(): void;
}

/** On a terminal lines are drawn over; elsewhere nothing is drawn, and who calls prints what changes instead. */
export function liveArea({ terminal }: Pick<Session, 'terminal'>): LiveArea {
  if (!terminal.isLive) return { draw: () => {}, end: () => {} };
  const update = createLogUpdate(process.stdout);
  return { draw: (lines) => update(lines.join('\n')), end: () => update.done() };
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const EVERY_MS = 100;

/** The frame of a spinner at a moment. Pure. */
export function spinnerAt(now: number): string {
  return FRAMES[Math.floor(now / EVERY_MS) % FRAMES.length] as string;
}

/** Runs `body` with a spinner and a sentence, where somebody looks; the line is gone afterwards. */
export async function withSpinner<T>(
  session: Pick<Session, 'terminal' | 'format'>,
  sentence: string,
  body: () => Promise<T>,
): Promise<T> {
  const isSeen = session.terminal.isLive && process.stderr.isTTY && session.format === 'text';
  if (!isSeen) return body();
  const update = createLogUpdate(process.stderr);
  const draw = () => update(`${session.terminal.paint('busy', spinnerAt(Date.now()))} ${sentence}`);
  draw();
  const timer = setInterval(draw, EVERY_MS);
  try {
    return await body();
  } finally {
    clearInterval(timer);
    update.clear();
    update.done();
  }
}
