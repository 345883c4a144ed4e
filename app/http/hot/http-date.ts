let second = Number.NaN;
let text = '';

/** The header `Date` of this second. */
export function httpDate(nowMs: number): string {
  const now = Math.floor(nowMs / 1_000);
  if (now !== second) {
    second = now;
    text = new Date(nowMs).toUTCString();
  }
  return text;
}
