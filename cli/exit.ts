/** How `kubectl cryptosense` ends; docs/cli.md has this table for scripts. */
export const EXIT = {
  /** It is done, or it is so. */
  done: 0,
  /** The answer is no: refused by the operator, rolled back, failed, or something was found. */
  no: 1,
  /** `plan`: something would be changed. */
  changes: 2,
  /** The cluster does not answer, or the operator is not installed. */
  cluster: 3,
  /** Not logged in, or not allowed. */
  rights: 4,
  /** No such environment, release or backup, or more than one. */
  notFound: 5,
  /** Not there yet: it is under way, or the time was over. */
  notYet: 6,
  /** Typed wrongly (EX_USAGE of sysexits.h). */
  usage: 64,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Why a command could not be carried out, in one sentence with what to do: all that a person is shown. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}
