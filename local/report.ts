/** Says in one line what a step is doing now; shown beside the step's name. */
export type Report = (line: string) => void;

/**
 * A failure that a person can act on: `message` is one sentence that says what failed and what to do.
 * Whoever catches it prints the message and, when there is one, the log; never a stack trace.
 */
export class LocalFailure extends Error {
  readonly log: string | undefined;

  constructor(message: string, log?: string) {
    super(log === undefined ? message : `${message} (log: ${log})`);
    this.name = 'LocalFailure';
    this.log = log;
  }
}
