import { DeadlineExceeded } from '../deadline.ts';

/** Codes of the operating system and of the driver for a server that cannot be reached or went away. */
const CONNECTION_CODES = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * SQLSTATEs that a later try may not meet: connection failures (08), a lack of resources (53), the server going down or
 * coming up (57P), a query that its deadline ended (57014), a primary that has just become a replica (25006),
 * serialisation failures and deadlocks (40001, 40P01), and a lock that did not come in time (55P03).
 */
const PASSING_STATES = /^(08...|53...|57P0[1-5]|57014|25006|40001|40P01|55P03)$/;

/** Whether an error is of a dependency that is away or busy for now, and not of the request or of the program. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DeadlineExceeded) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return CONNECTION_CODES.has(code) || PASSING_STATES.test(code);
}
