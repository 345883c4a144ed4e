import type { Health } from '../status/node.ts';
import { signOf } from '../status/render.ts';
import { spinnerAt } from '../terminal/live.ts';
import type { Paint } from '../terminal/terminal.ts';
import { clipped } from '../terminal/words.ts';
import { type RolloutView, stepAge, type Verdict } from './view.ts';

const BAR = 30;

const HEALTH: Record<Verdict['verdict'], Health> = {
  pass: 'ok',
  fail: 'bad',
  error: 'busy',
  inconclusive: 'busy',
  running: 'busy',
};

/** A release as a picture that is drawn again and again. Pure; `steps` in words. */
export function pictureOf(
  view: RolloutView,
  { steps, paint, now, columns }: { steps: readonly string[]; paint: Paint; now: number; columns: number },
): string[] {
  const { candidate, stable, end } = view;
  if (!candidate) {
    const said = end?.sentence ?? view.summary;
    const health: Health = end ? (end.exitCode === 0 ? 'ok' : 'bad') : 'busy';
    return [`${signOf(health, paint)} ${paint('strong', view.environment)}  ${said}`];
  }
  const from = stable ? `${stable.image} → ` : '';
  const filled = Math.round((candidate.weight / 100) * BAR);
  const bar = `${paint('good', '█'.repeat(filled))}${paint('faint', '░'.repeat(BAR - filled))}`;
  const pods = `pods ${candidate.readyPods}/${candidate.pods}${stable ? `, stable ${stable.readyPods}/${stable.pods}` : ''}`;
  const isPlanned = steps.length === candidate.steps;
  return [
    `${paint('strong', view.environment)}  ${from}${paint('strong', candidate.image)}  ${paint('faint', `${candidate.release}, ${candidate.strategy}`)}`,
    '',
    `  ${bar}  ${String(candidate.weight).padStart(3)} % of the requests   ${pods}`,
    '',
    ...(isPlanned
      ? steps.map((words, index) => stepLine(words, index + 1, candidate, paint, now))
      : [`  step ${candidate.step} of ${candidate.steps}: ${candidate.doing}`]),
    ...(candidate.waiting === undefined ? [] : ['', `  ${paint('busy', `waits: ${candidate.waiting}`)}`]),
    ...(candidate.verdicts.length === 0 ? [] : ['']),
    ...candidate.verdicts.map(({ name, verdict, message }) => {
      const text = `${name.padEnd(14)} ${verdict.padEnd(12)} ${message}`;
      return `  ${signOf(HEALTH[verdict], paint)} ${clipped(text, Math.max(40, columns - 4))}`;
    }),
    ...(end ? ['', `${signOf('bad', paint)} ${end.sentence}`] : []),
  ];
}

function stepLine(
  words: string,
  number: number,
  candidate: NonNullable<RolloutView['candidate']>,
  paint: Paint,
  now: number,
): string {
  if (number < candidate.step) return `  ${paint('good', '✓')} ${paint('faint', words)}`;
  if (number > candidate.step) return `  ${paint('faint', `· ${words}`)}`;
  const sign = candidate.waiting === undefined ? spinnerAt(now) : '◐';
  return `  ${paint('busy', sign)} ${words}  ${paint('faint', stepAge(candidate, now))}`;
}

/** What is new since the last look, a line each, for logs and pipes. Pure. */
export function changesOf(before: RolloutView | undefined, view: RolloutView): string[] {
  const { candidate, end } = view;
  if (end && before?.end?.sentence === end.sentence) return [];
  if (!candidate) return end ? [end.sentence] : before?.summary === view.summary ? [] : [view.summary];
  const old = before?.candidate?.release === candidate.release ? before.candidate : undefined;
  const lines: string[] = [];
  if (!old) {
    const from = view.stable ? `, ${view.stable.image} serves` : '';
    lines.push(
      `${candidate.image} (${candidate.release}) is released, strategy ${candidate.strategy}${from}`,
    );
  }
  if (old?.step !== candidate.step || old.steps !== candidate.steps)
    lines.push(`step ${candidate.step} of ${candidate.steps}: ${candidate.doing}`);
  if (old?.weight !== candidate.weight) lines.push(`${candidate.weight} % of the requests`);
  if (old?.pods !== candidate.pods || old.readyPods !== candidate.readyPods)
    lines.push(`${candidate.readyPods} of ${candidate.pods} pods ready`);
  if (candidate.waiting !== undefined && old?.waiting !== candidate.waiting)
    lines.push(`waits: ${candidate.waiting}`);
  for (const { name, verdict, message } of candidate.verdicts) {
    const was = old?.verdicts.find((one) => one.name === name);
    if (was?.verdict !== verdict) lines.push(`analysis ${name}: ${verdict}${message ? `, ${message}` : ''}`);
  }
  if (end) lines.push(end.sentence);
  return lines;
}
