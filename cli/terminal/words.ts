const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A length of time in at most two units: 42s, 3m10s, 2h5m, 4d. */
export function spoken(ms: number): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  if (first < 0) return '0s';
  const [unit, size] = UNITS[first] as (typeof UNITS)[number];
  const whole = Math.floor(ms / size);
  const next = UNITS[first + 1];
  // From ten days on hours are noise.
  if (next === undefined || (unit === 'd' && whole >= 10)) return `${whole}${unit}`;
  const rest = Math.floor((ms % size) / next[1]);
  return `${whole}${unit}${rest > 0 ? `${rest}${next[0]}` : ''}`;
}

/** How long ago a moment of the API is. */
export function age(moment: string | undefined, now: number): string {
  return moment === undefined ? '?' : spoken(Math.max(0, now - Date.parse(moment)));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Cuts a line at a width, with … for what is missing. */
export function clipped(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** Bytes for people, in the units of Kubernetes. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  const value = count / 2 ** (10 * power);
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
