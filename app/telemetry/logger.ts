import winston from 'winston';
import type { ProcessConfig } from '../config.ts';
import { standardOutput } from './log-output.ts';
import { activeTrace } from './trace.ts';

export type Logger = winston.Logger;

/** Where winston keeps a line as its format has made it. */
const MESSAGE = Symbol.for('message');
const LEVEL = Symbol.for('level');

/** Credentials inside a URL, wherever in a line it stands: a driver's error message may quote one. */
const urlPassword = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s@"]+@/gi;

/** JSON lines on stdout, one an event, with the time, level, message, application, version and environment. */
export function createLogger(config: ProcessConfig, app = 'cryptosense-api'): Logger {
  return winston.createLogger({
    level: config.logLevel,
    defaultMeta: { app, version: config.version, environment: config.environment },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format.printf(({ timestamp, level, message, ...rest }) =>
        withoutPasswords(JSON.stringify({ timestamp, level, message, ...activeTrace(), ...rest })),
      ),
    ),
    transports: [toStandardOutput()],
  });
}

/** As winston's own, without the event that it emits a line, an immediate that nobody listens to, and without a write a line. */
function toStandardOutput() {
  const output = standardOutput();
  return new winston.transports.Console({
    log: (info, next) => {
      output.write(info[MESSAGE], isUrgent(info[LEVEL]));
      next();
    },
  });
}

/** What has gone wrong is told before anything else can. */
const isUrgent = (level: unknown) => level === 'error' || level === 'warn';

/** A line in which no URL shows its password. */
export function withoutPasswords(line: string): string {
  // Most lines have no URL at all, and to look for one with a password takes longer than to make the line.
  return line.includes('://') ? line.replace(urlPassword, '$1***@') : line;
}

/** What a log line says of an error. The stack is for the log alone, never for a client. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  const code = 'code' in error ? { code: error.code } : {};
  return { error: error.message || error.name, kind: error.name, ...code, stack: error.stack };
}
