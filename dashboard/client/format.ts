const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** A length of time as a person says it: 8 s, 3 min, 2 h 5 min, 4 d. */
export function spoken(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 2 * MINUTE_S) return `${s} s`;
  if (s < 2 * HOUR_S) return `${Math.round(s / MINUTE_S)} min`;
  if (s < 2 * DAY_S) {
    const minutes = Math.round((s % HOUR_S) / MINUTE_S);
    return `${Math.floor(s / HOUR_S)} h${minutes > 0 ? ` ${minutes} min` : ''}`;
  }
  return `${Math.round(s / DAY_S)} d`;
}

/** How long ago a moment was; "now" for the last seconds. */
export function ago(at: string, now: number): string {
  const seconds = (now - Date.parse(at)) / 1_000;
  return seconds < 5 ? 'now' : `${spoken(seconds)} ago`;
}

/** Binary units, as Kubernetes writes sizes. */
export function bytes(size: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = size;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** An image without its registry, as far as that still names it. */
export function shortImage(image: string): string {
  return image.split('/').at(-1) ?? image;
}

/** `ApiReady` as words: Api ready. */
export function words(name: string): string {
  const spaced = name.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
