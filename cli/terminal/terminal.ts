import { styleText } from 'node:util';

export type Style = 'good' | 'busy' | 'bad' | 'faint' | 'strong';

/** Colours a piece of text, or leaves it as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string;

const FORMATS = {
  good: 'green',
  busy: 'yellow',
  bad: 'red',
  faint: 'dim',
  strong: 'bold',
} as const satisfies Record<Style, Parameters<typeof styleText>[0]>;

export const plain: Paint = (_style, text) => text;

const coloured: Paint = (style, text) => styleText(FORMATS[style], text, { validateStream: false });

/** Where a command writes, and what the other end can show. */
export interface Terminal {
  paint: Paint;
  /** A person looks at the output: lines may be drawn again. */
  isLive: boolean;
  /** A person can be asked. */
  canAsk: boolean;
  columns: number;
}

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

/** What the streams and the environment variables of this process allow. Pure; https://no-color.org for NO_COLOR. */
export function terminalOf(
  { stdin, stdout }: { stdin: Stream; stdout: Stream },
  env: Record<string, string | undefined>,
): Terminal {
  const isTerminal = stdout.isTTY === true && env.TERM !== 'dumb';
  const isForced = env.FORCE_COLOR !== undefined && !['', '0', 'false'].includes(env.FORCE_COLOR);
  const isColoured = (env.NO_COLOR ?? '') === '' && (isTerminal || isForced);
  return {
    paint: isColoured ? coloured : plain,
    isLive: isTerminal,
    canAsk: stdin.isTTY === true && stdout.isTTY === true,
    columns: stdout.columns ?? 120,
  };
}
