const PARTS = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;

/** Milliseconds of a duration such as 15m or 1h30m, whose form the schema has checked. Throws RangeError otherwise. */
export function milliseconds(duration: string): number {
  const match = PARTS.exec(duration);
  if (!match || duration === '')
    throw new RangeError(`"${duration}" is not a duration: write for example 30s, 15m or 1h30m`);
  const [, hours = '0', minutes = '0', seconds = '0'] = match;
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
}
