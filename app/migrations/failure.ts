import { MigrationError } from './files.ts';

/** Exit code when trying again may help (EX_TEMPFAIL of sysexits.h); any other failure stays what it is. */
export const TRY_AGAIN = 75;

/** SQLSTATE classes and codes of what passes: connections, locks, logins in rotation, and a primary that is one no more. */
const PASSING = /^(08|53|57P0|40001|40P01|55P03|28P01|28000|25006)/;

/** Codes of Node and of the driver for a database that cannot be reached now. */
const UNREACHABLE = /^(E[A-Z]+|CONNECTION_[A-Z]+|CONNECT_TIMEOUT)$/;

/** Something that passes stands in the way. The message is one for a person. */
export class PassingError extends MigrationError {
  override name = 'PassingError';
}

/** Whether the same run may succeed later. */
export function passes(error: unknown): boolean {
  if (error instanceof PassingError) return true;
  if (error instanceof MigrationError) return false;
  const code = codeOf(error);
  return PASSING.test(code) || UNREACHABLE.test(code);
}

/** Why a file could not be applied, as a sentence. */
export function sentence(file: string, error: unknown, isAlone: boolean): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const why =
    code === '55P03'
      ? `it did not get its locks in time, as others use what it changes (${message})`
      : code === '57014'
        ? `a statement of it ran for too long (${message}); give release.migration.deadline more, or split it`
        : `${message}${code ? ` (SQLSTATE ${code})` : ''}`;
  const left = isAlone ? 'it may be half done, and the next run repeats it' : 'nothing of it was applied';
  return `${file} failed: ${why}; ${left}.`;
}

export function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
