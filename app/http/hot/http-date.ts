let second = Number.NaN;
let line = '';

/** The header `Date` of this second, as it is on the wire. */
export function dateLine(nowMs: number): string {
  const now = Math.floor(nowMs / 1_000);
  if (now !== second) {
    second = now;
    line = `Date: ${new Date(nowMs).toUTCString()}\r\n`;
  }
  return line;
}
