import type { FieldChange } from './diff.ts';
import type { Preview } from './preview.ts';

const LONGEST_VALUE = 72;
const SIGNS = { create: '+', change: '~', delete: '-' };
const INDENT = '  ';

/** The preview for people, in lines. */
export function textOf(preview: Preview): string {
  const { namespace, name, isNew, refused, resource, changes, unchecked, later } = preview;
  const title = `Environment ${namespace}/${name}`;
  if (refused.length > 0)
    return lines(
      `${title}: refused`,
      refused.map((sentence) => `${INDENT}! ${sentence}`),
    );
  if (resource.length === 0 && preview.steps.length === 0)
    return lines(`${title}: nothing would be changed`, laterLines(later));
  return lines(
    `${title} would be ${isNew ? 'made' : 'changed'}`,
    isNew ? [] : resource.map((change) => `${INDENT}${fieldLine(change)}`),
    changes.length === 0 ? [] : ['', 'Objects'],
    changes.flatMap(changeLines),
    unchecked.length === 0
      ? []
      : [`${INDENT}not checked, because you may not write them: ${unchecked.join(', ')}`],
    courseLines(preview),
    laterLines(later),
    ['', ...assumptionLines(preview)],
  );
}

function changeLines({
  verb,
  kind,
  name,
  why,
  afterMs,
  fields,
  replacesPods,
}: Preview['changes'][number]): string[] {
  const when = afterMs === 0 ? '' : ` after ${spoken(afterMs)}`;
  const because =
    verb === 'change' ? (replacesPods ? ': its pods are replaced' : '') : verb === 'delete' ? `: ${why}` : '';
  return [
    `${INDENT}${SIGNS[verb]} ${kind}/${name}${when}${because}`,
    ...fields.map((field) => `${INDENT}${INDENT}${INDENT}${fieldLine(field)}`),
  ];
}

function fieldLine(change: FieldChange): string {
  const { path } = change;
  if (!('from' in change)) return `${path}: ${value(change.to)} (new)`;
  if (!('to' in change)) return `${path}: ${value(change.from)} (removed)`;
  return `${path}: ${value(change.from)} -> ${value(change.to)}`;
}

function value(any: unknown): string {
  const text = typeof any === 'string' ? any : JSON.stringify(any);
  const line = text.replaceAll('\n', '\\n');
  return line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line;
}

/** What happens when, with the weights that are routed and the pods that are asked for from then on. */
function courseLines({ steps, releases, summary, isAtRest, endsAfterMs }: Preview): string[] {
  if (steps.length === 0) return [];
  const names = Object.entries(releases).map(
    ([number, { image, revision }]) => `${INDENT}release ${number}: ${image} (${revision})`,
  );
  const rows = steps.map((step) => {
    const { weights, pods } = step;
    const shares = Object.entries(weights).map(([number, weight]) => `${number}: ${weight} %`);
    const sizes = Object.entries(pods).map(([number, { ready, wanted }]) => `${number}: ${ready}/${wanted}`);
    return [`+${spoken(step.afterMs)}`, shares.join(', ') || '-', sizes.join(', ') || '-', ...saidIn(step)];
  });
  const header = ['time', 'requests', 'pods (ready/wanted)', 'what'];
  const width = (column: number) => Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0));
  const widths = [0, 1, 2].map(width);
  const line = (cells: string[], what: string) =>
    `${INDENT}${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}  ${what}`.trimEnd();
  const table = [header, ...rows].flatMap(([time = '', shares = '', sizes = '', ...what]) => [
    line([time, shares, sizes], what[0] ?? ''),
    ...what.slice(1).map((more) => line(['', '', ''], more)),
  ]);
  const end = isAtRest
    ? `after ${spoken(endsAfterMs)}: ${summary}`
    : `after ${spoken(endsAfterMs)} it waits: ${summary}`;
  return ['', 'Steps', ...names, '', ...table, '', `${INDENT}${end}`];
}

function saidIn({ says, writes, waits }: Preview['steps'][number]): string[] {
  const grouped = new Map<string, string[]>();
  for (const { verb, kind, name } of writes) {
    const key = `${verb} ${name}`;
    grouped.set(key, [...(grouped.get(key) ?? []), kind]);
  }
  const done = [...grouped].map(([key, kinds]) => {
    const [verb = '', name = ''] = key.split(' ');
    return `${verb} ${kinds.join(', ')} ${name}`;
  });
  return [...says, ...done, ...(waits ? [`WAITS ${waits.message}`] : [])];
}

function laterLines(later: string[]): string[] {
  return later.length === 0 ? [] : ['', 'Later', ...later.map((sentence) => `${INDENT}${sentence}`)];
}

function assumptionLines({ assumptions, steps }: Preview): string[] {
  if (steps.length === 0) return [];
  const { podStartMs, jobMs } = assumptions;
  return [
    `Taken for granted: a pod is ready ${spoken(podStartMs)} after it is asked for, a Job succeeds after ${spoken(jobMs)}, the gateway`,
    'answers at once, every analysis passes, and nobody changes anything. What this did: nothing was written.',
  ];
}

/** Milliseconds as the schema writes durations. */
function spoken(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return [h > 0 ? `${h}h` : '', m > 0 ? `${m}m` : '', s > 0 || seconds === 0 ? `${s}s` : ''].join('');
}

function lines(...parts: (string | string[])[]): string {
  return `${parts.flat().join('\n')}\n`;
}
