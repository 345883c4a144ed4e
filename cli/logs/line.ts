/** A line of a log as the API server gives it with timestamps: when, and what. */
export interface LogLine {
  /** RFC 3339 with nanoseconds; '' when the line has none. */
  at: string;
  text: string;
}

/** Pure. */
export function parsedLine(line: string): LogLine {
  const [, at = '', text = line] =
    /^(\d{4}-\d\d-\d\dT[\d:.]+Z?(?:[+-]\d\d:\d\d)?) ?([\s\S]*)$/.exec(line) ?? [];
  return { at, text };
}

/**
 * Lets every line through once when a log is opened again at the second of its last line: the API server knows seconds only,
 * and repeats what else was written in that one. Lines of one moment are told apart by their text.
 */
export function onceOnly(): (line: LogLine) => boolean {
  let newest = '';
  let seen = new Set<string>();
  return ({ at, text }) => {
    if (at === '') return true;
    if (at < newest) return false;
    if (at > newest) {
      newest = at;
      seen = new Set();
    }
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  };
}
