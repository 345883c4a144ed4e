import type { Environment } from '../../operator/api/resolved.ts';
import type { Paint, Style } from '../terminal/terminal.ts';
import { age } from '../terminal/words.ts';
import type { Health, Part } from './node.ts';
import { environmentHealth } from './tree.ts';

const SIGNS: Record<Health, { sign: string; style: Style }> = {
  ok: { sign: '●', style: 'good' },
  busy: { sign: '◐', style: 'busy' },
  bad: { sign: '✗', style: 'bad' },
  off: { sign: '○', style: 'faint' },
};

export function signOf(health: Health, paint: Paint): string {
  const { sign, style } = SIGNS[health];
  return paint(style, sign);
}

/** The tree in lines, and under it what is waited for. Pure. */
export function statusLines(environment: Environment, tree: Part, paint: Paint, now: number): string[] {
  return [
    ...partLines(tree, paint, '', ''),
    ...waitingLines(environment, paint, now),
    ...promiseLines(environment, paint),
  ];
}

function partLines(part: Part, paint: Paint, first: string, rest: string): string[] {
  const { role, name, health, says, waiting, parts } = part;
  const title = role === 'environment' ? paint('strong', name) : `${role.padEnd(10)} ${name}`.trimEnd();
  const line = `${paint('faint', first)}${signOf(health, paint)} ${title}${says.length > 0 ? `  ${paint('faint', says.join(', '))}` : ''}`;
  const style = SIGNS[health].style === 'good' ? 'faint' : SIGNS[health].style;
  const below = parts.length > 0 ? '│ ' : '  ';
  const why = waiting === undefined ? [] : [`${paint('faint', rest + below)}${paint(style, `  ${waiting}`)}`];
  const children = parts.flatMap((child, index) => {
    const isLast = index === parts.length - 1;
    return partLines(child, paint, `${rest}${isLast ? '└─ ' : '├─ '}`, `${rest}${isLast ? '   ' : '│  '}`);
  });
  return [line, ...why, ...children];
}

function waitingLines({ status = {} }: Environment, paint: Paint, now: number): string[] {
  // What the first line says already is not said twice.
  const waitingFor = (status.waitingFor ?? []).filter(({ what }) => what !== status.summary);
  if (waitingFor.length === 0) return [];
  return [
    '',
    paint('strong', 'Waiting for'),
    ...waitingFor.map(
      ({ what, since }) => `${paint('busy', '·')} ${what} ${paint('faint', `(${age(since, now)})`)}`,
    ),
  ];
}

/** Conditions that are about promises and people rather than health: False ones are worth a line. */
const PROMISES = [
  'AllFieldsInEffect',
  'UpToDate',
  'MonitoringReady',
  'NotificationsReady',
  'SchemaReady',
  'CommandAccepted',
];

function promiseLines({ status = {} }: Environment, paint: Paint): string[] {
  const told = new Set((status.waitingFor ?? []).map(({ what }) => what));
  const broken = (status.conditions ?? []).filter(
    ({ type, status: is, message }) => PROMISES.includes(type) && is === 'False' && !told.has(message),
  );
  if (broken.length === 0) return [];
  return [
    '',
    paint('strong', 'Good to know'),
    ...broken.map(({ type, message }) => `${paint('busy', '·')} ${type}: ${message}`),
  ];
}

/** One line an environment, for when there are several. */
export function listLines(environments: readonly Environment[], paint: Paint, now: number): string[] {
  return environments.map((environment) => {
    const { metadata, spec, status = {} } = environment;
    const sign = signOf(environmentHealth(environment), paint);
    const since = metadata.creationTimestamp ? `, ${age(metadata.creationTimestamp, now)} old` : '';
    return `${sign} ${paint('strong', `${metadata.namespace}/${metadata.name}`)}  ${paint('faint', `tier ${spec.tier}${since}`)}  ${status.summary ?? ''}`.trimEnd();
  });
}
