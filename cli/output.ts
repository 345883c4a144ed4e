import { stringify } from 'yaml';
import type { Session } from './session.ts';

/** The result of a command: the object itself for programs, the lines for people. */
export function show(session: Session, value: unknown, lines: () => readonly string[]): void {
  const { format } = session;
  if (format === 'json') session.print(JSON.stringify(value, undefined, 2));
  else if (format === 'yaml')
    session.print(stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd());
  else session.print(lines().join('\n'));
}

/** One of many results that come one after the other: a line of JSON, or a YAML document. */
export function showNext(session: Session, value: unknown, lines: () => readonly string[]): void {
  if (session.format === 'json') session.print(JSON.stringify(value));
  else if (session.format === 'yaml')
    session.print(`---\n${stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd()}`);
  else show(session, value, lines);
}
