/** Lines of a log on their way out, several in one write where they come fast. */
export interface LogOutput {
  /** `urgent`: it goes out now, and before it all that still waits. */
  write(line: string, urgent: boolean): void;
  /** Writes what waits. */
  flush(): void;
}

/** So long a line waits at most, in milliseconds, when another one has just gone out. */
const LONGEST_WAIT_MS = 50;
/** So much may wait, in characters: well below what a pipe takes in before its writer has to wait for the reader. */
const MOST_WAITING = 16 * 1_024;

/**
 * The first line after a pause goes out at once, further ones together after LONGEST_WAIT_MS. A write is a call of the kernel, in
 * which the process waits, and wakes whoever reads the log: under load that costs more than making the line.
 */
export function createLogOutput(
  send: (text: string) => void,
  later: (work: () => void, ms: number) => void = runLater,
): LogOutput {
  let waiting = '';
  let isPaused = false;

  const flush = () => {
    if (waiting === '') return;
    const text = waiting;
    waiting = '';
    send(text);
  };
  const pause = () => {
    isPaused = true;
    later(() => {
      isPaused = false;
      if (waiting === '') return;
      flush();
      pause();
    }, LONGEST_WAIT_MS);
  };
  return {
    write: (line, urgent) => {
      waiting += `${line}\n`;
      if (isPaused && !urgent && waiting.length < MOST_WAITING) return;
      flush();
      if (!isPaused) pause();
    },
    flush,
  };
}

/** What waits for it keeps no process alive. */
const runLater = (work: () => void, ms: number) => void setTimeout(work, ms).unref();

let standard: LogOutput | undefined;

/** That of this process. What waits goes out before it ends, unless it is killed. */
export function standardOutput(): LogOutput {
  if (!standard) {
    // Looked up at each write: a test may listen in its place.
    standard = createLogOutput((text) => process.stdout.write(text));
    // Writes to a pipe, a file and a terminal are done when they return.
    process.once('exit', standard.flush);
  }
  return standard;
}
