/** An answer of the API that is not what was asked for; `message` is a sentence for the person. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Prices and history: the same for everybody, and asked without the cookie. */
export const ask = <T>(path: string): Promise<T> => call<T>(path, { credentials: 'omit' });

/** What belongs to the person who is signed in. */
export const mine = <T>(path: string): Promise<T> => call<T>(path, { credentials: 'same-origin' });

/** A write. Its key makes a repetition harmless, as after an answer that was lost on the way. */
export async function write<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const request = {
    method,
    credentials: 'same-origin' as const,
    headers: {
      'Idempotency-Key': crypto.randomUUID(),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
  try {
    return await call<T>(path, request);
  } catch (error) {
    if (error instanceof ApiError && error.status !== 503) throw error;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return call<T>(path, request);
  }
}

async function call<T>(path: string, request: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { ...request, signal: AbortSignal.timeout(10_000) });
  } catch {
    throw new ApiError(0, 'The service cannot be reached; check the connection.');
  }
  if (response.status === 204) return undefined as T;
  const content = await response.json().catch(() => undefined);
  if (response.ok) return content as T;
  throw new ApiError(response.status, content?.detail ?? `The service answered with ${response.status}.`);
}
