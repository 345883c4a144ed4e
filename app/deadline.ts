/** Something took longer than its caller could wait. */
export class DeadlineExceeded extends Error {
  override name = 'DeadlineExceeded';

  constructor(what: string, ms: number) {
    super(`${what} did not answer within ${ms} ms`);
  }
}

/**
 * Waits for `work` at most `ms` milliseconds. Throws DeadlineExceeded after that, and calls `giveUp` so that the
 * work can be cancelled; its late outcome is ignored.
 */
export async function within<T>(ms: number, what: string, work: Promise<T>, giveUp?: () => void): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    giveUp?.();
    reject(new DeadlineExceeded(what, ms));
  }, ms);
  // A late failure of the work has nobody left to catch it.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
