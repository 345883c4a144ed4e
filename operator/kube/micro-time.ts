let lastMicroseconds = 0;

/** A wall-clock time as metav1.MicroTime: RFC 3339 with exactly six fractional digits, or the server refuses it. */
export function microTime(millisecondsSinceEpoch = Date.now()): string {
  const microseconds = Math.round(millisecondsSinceEpoch * 1_000);
  const seconds = new Date(Math.floor(microseconds / 1_000_000) * 1_000).toISOString().slice(0, 19);
  return `${seconds}.${String(microseconds % 1_000_000).padStart(6, '0')}Z`;
}

/** Microseconds since the epoch, never the same twice in a process: for names that must differ. */
export function uniqueMicroseconds(): number {
  lastMicroseconds = Math.max(lastMicroseconds + 1, Date.now() * 1_000);
  return lastMicroseconds;
}
