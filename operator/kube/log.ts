import { config, createLogger, format, transports } from 'winston';
import { spanIds } from './spans.ts';

/** What may go with a message: plain values by name, and an Error under `error`. */
export type LogFields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to every line. */
  with(fields: LogFields): Log;
}

/** One JSON object a line on standard output: time, level, message, the fields, and in a trace its ids. */
export function jsonLog(level = 'info'): Log {
  const logger = createLogger({
    level,
    levels: config.npm.levels,
    format: format.combine(format.timestamp({ alias: 'time' }), format.json()),
    transports: [new transports.Console()],
  });
  return wrap(
    (severity, message, fields) => logger.log({ ...spanIds(), ...fields, level: severity, message }),
    {},
  );
}

/** A log that says nothing, for tests and one-shot commands. */
export const silentLog: Log = wrap(() => {}, {});

function wrap(write: (level: string, message: string, fields: LogFields) => void, context: LogFields): Log {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      write(level, message, readable({ ...context, ...fields }));
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(write, { ...context, ...fields }),
  };
}

/** An Error has no enumerable fields: JSON would show it as {}. */
function readable(fields: LogFields): LogFields {
  const { error } = fields;
  if (!(error instanceof Error)) return fields;
  return { ...fields, error: error.message, errorName: error.name, stack: error.stack };
}
