import catalogue from './postgresql-15.json' with { type: 'json' };

/**
 * One parameter as PostgreSQL 15 describes it in pg_settings. The catalogue holds all that the server of the image knows
 * without extensions; an integration test compares the two.
 */
export interface Parameter {
  type: string;
  /** When it can change: internal (never), postmaster (by a restart), sighup, and others. */
  context: string;
  /** Unit of min, max and of a number without one: B, kB, 8kB, MB, ms, s or min. */
  unit?: string;
  min?: number;
  max?: number;
  values?: string[];
}

const PARAMETERS = new Map<string, Parameter>(Object.entries(catalogue));

const BYTES: Record<string, number> = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
const MILLISECONDS: Record<string, number> = {
  us: 1e-3,
  ms: 1,
  s: 1e3,
  min: 6e4,
  h: 3.6e6,
  d: 8.64e7,
};

const NUMBER = /^\s*([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?))\s*([a-zA-Z]*)\s*$/;

/** Values that an enumeration takes beyond those that pg_settings shows. */
const HIDDEN: Record<string, string[]> = {
  wal_level: ['archive', 'hot_standby'],
  client_min_messages: ['debug', 'info', 'fatal', 'panic'],
  log_min_messages: ['debug'],
  log_min_error_statement: ['debug'],
  trace_recovery_messages: ['debug', 'info', 'fatal', 'panic'],
};

/** Value of a number in the unit of its parameter (8 of '64kB' for one in 8kB), undefined when it is no such number. */
export function numberOf(name: string, text: string): number | undefined {
  const parameter = PARAMETERS.get(name);
  const [, digits = '', unit = ''] = NUMBER.exec(text) ?? [];
  if (!parameter || digits === '') return undefined;
  const value = Number(digits);
  if (unit === '') return value;
  const [, count = '', base = ''] = /^(\d*)(.+)$/.exec(parameter.unit ?? '') ?? [];
  const scale = base in BYTES ? BYTES : base in MILLISECONDS ? MILLISECONDS : {};
  const [from, to] = [scale[unit], scale[base]];
  return from === undefined || to === undefined ? undefined : (value * from) / (to * Number(count || 1));
}

/** Bytes of a parameter of memory; undefined when `text` is no amount of memory. */
export function bytesOf(name: string, text: string): number | undefined {
  const value = numberOf(name, text);
  const [, count = '', base = ''] = /^(\d*)(.+)$/.exec(PARAMETERS.get(name)?.unit ?? '') ?? [];
  const factor = BYTES[base];
  return value === undefined || factor === undefined ? undefined : value * factor * Number(count || 1);
}

/** What PostgreSQL 15 would not take of `name` = `text`, without the rest of the settings; undefined when nothing. */
export function problemOf(name: string, text: string): string | undefined {
  const parameter = PARAMETERS.get(name);
  if (!parameter) return undefined;
  const { type, context, unit, min, max, values } = parameter;
  if (context === 'internal') return 'cannot be changed: leave it out';
  const shown = text === '' ? 'empty' : text;
  if (type === 'bool') return isBoolean(text) ? undefined : `is ${shown}: write on or off`;
  if (type === 'enum') {
    const known = [...(values ?? []), ...(HIDDEN[name] ?? [])];
    if (known.some((value) => ['on', 'off'].includes(value)))
      known.push('true', 'false', 'yes', 'no', '1', '0');
    const isKnown = known.some((value) => value.toLowerCase() === text.toLowerCase());
    return isKnown ? undefined : `is ${shown}: write one of ${(values ?? []).filter(Boolean).join(', ')}`;
  }
  if (type !== 'integer' && type !== 'real') return undefined;
  const exact = numberOf(name, text);
  if (exact === undefined) return `is ${shown}: write a number${unitHint(unit)}`;
  const value = type === 'integer' ? Math.round(exact) : exact;
  if ((min !== undefined && value < min) || (max !== undefined && value > max))
    return `is ${shown}: write a number from ${min} to ${max}${unit ? ` (in ${unit})` : ''}`;
  return undefined;
}

/** A beginning of true, false, yes or no is enough, as long as it can be no other word. */
function isBoolean(text: string): boolean {
  const value = text.toLowerCase();
  const isBeginning = ['true', 'false', 'yes', 'no'].some((word) => value !== '' && word.startsWith(value));
  return isBeginning || ['on', 'of', 'off', '1', '0'].includes(value);
}

function unitHint(unit: string | undefined): string {
  if (unit === undefined) return ' without a unit';
  return /B$/.test(unit)
    ? ' with one of the units B, kB, MB, GB, TB'
    : ' with one of the units us, ms, s, min, h, d';
}
