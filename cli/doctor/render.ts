import type { Paint, Style } from '../terminal/terminal.ts';
import { plural } from '../terminal/words.ts';
import type { Result } from './finding.ts';

const SIGNS: Record<Result['verdict'], { sign: string; style: Style }> = {
  ok: { sign: '✓', style: 'good' },
  off: { sign: '-', style: 'faint' },
  warn: { sign: '!', style: 'busy' },
  fail: { sign: '✗', style: 'bad' },
  unknown: { sign: '?', style: 'faint' },
};

const TITLES = { 'pre-launch': 'Before the launch', 'post-launch': 'After the launch' } as const;

/** The two checklists with what was found, and its remedy below. Pure. */
export function doctorLines(title: string, results: readonly Result[], paint: Paint): string[] {
  const lists = (['pre-launch', 'post-launch'] as const).flatMap((list) => [
    '',
    paint('strong', TITLES[list]),
    ...results.filter((result) => result.list === list).flatMap((result) => resultLines(result, paint)),
  ]);
  return [paint('strong', title), ...lists, '', summaryOf(results)];
}

function resultLines({ verdict, item, findings }: Result, paint: Paint): string[] {
  const { sign, style } = SIGNS[verdict];
  return [
    verdict === 'off'
      ? paint('faint', `${sign} ${item} (not asked of this environment)`)
      : `${paint(style, sign)} ${item}`,
    ...findings.flatMap(({ gravity, says, remedy }) => [
      `    ${paint(SIGNS[gravity].style, `${SIGNS[gravity].sign} ${says}`)}`,
      `      ${paint('faint', `→ ${remedy}`)}`,
    ]),
  ];
}

function summaryOf(results: readonly Result[]): string {
  const all = results.flatMap(({ findings }) => findings);
  const count = (gravity: string) => all.filter((finding) => finding.gravity === gravity).length;
  if (all.length === 0) return `${plural(results.length, 'check')}, all is well.`;
  return `${plural(results.length, 'check')}: ${count('fail')} to mend, ${count('warn')} to look at, ${count('unknown')} not known.`;
}
