/** The part of metav1.Status that explains a refusal. */
export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  retryAfterSeconds?: number;
  causes?: { field?: string; reason?: string; message?: string }[];
}

/** metav1.Status, as the API server answers a failure or a deletion. */
export interface Status {
  kind: 'Status';
  code?: number;
  reason?: string;
  message?: string;
  details?: StatusDetails;
}

/**
 * A request that did not succeed. `code` is the HTTP status, or 0 when no answer came, `reason` that of
 * metav1.Status ('NotFound', 'Conflict', 'Invalid', …) or, with code 0, 'Timeout', 'Reset', 'Unreachable' or 'Credentials'.
 * The message says what was asked and what was answered; bodies and headers that were sent are never in it.
 */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly code: number;
  readonly reason: string;
  readonly details: StatusDetails;
  /** How long the server asked to wait, when it did. */
  readonly retryAfterMs: number | undefined;

  constructor(
    asked: string,
    answer: { code: number; reason: string; message: string; details?: StatusDetails; retryAfterMs?: number },
    options?: ErrorOptions,
  ) {
    super(
      `${asked}: ${answer.code === 0 ? '' : `${answer.code} `}${answer.reason}: ${answer.message}`,
      options,
    );
    this.code = answer.code;
    this.reason = answer.reason;
    this.details = answer.details ?? {};
    this.retryAfterMs = answer.retryAfterMs;
  }
}

/** Whether the server answered with one of these HTTP codes; `answered(error, 404)` is "not found". */
export function answered(error: unknown, ...codes: number[]): error is KubeError {
  return error instanceof KubeError && codes.includes(error.code);
}

/** Turns a failed answer's body into an error. `asked` is the method and path. */
export function refusal(asked: string, code: number, body: string, retryAfterMs?: number): KubeError {
  const status = parseStatus(body);
  const details = status?.details ?? {};
  return new KubeError(asked, {
    code,
    reason: status?.reason ?? `HTTP${code}`,
    message: explanation(asked, status, body),
    details,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** What a validation says about a Secret may quote the value: then only the fields are named. */
function explanation(asked: string, status: Status | undefined, body: string): string {
  if (/\/secrets(\/|\?|$)/.test(asked) && (status?.code === 422 || status?.code === 400)) {
    const fields = (status.details?.causes ?? []).flatMap(({ field }) => field ?? []);
    return `a Secret is refused (values left out)${fields.length > 0 ? `: ${fields.join(', ')}` : ''}`;
  }
  return status?.message ?? (body.slice(0, 300).trim() || 'an empty answer');
}

function parseStatus(body: string): Status | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const isStatus =
      typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status';
    return isStatus ? (parsed as Status) : undefined;
  } catch {
    return undefined;
  }
}
