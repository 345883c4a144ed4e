import type { Course, Mark, Sample } from '../../operator/dashboard/shapes.ts';

/** Where a drawing's parts are, in its own pixels. */
export interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** The moments that a drawing goes from and to: a minute at least while it goes on, so that its beginning is no blur. */
export function spanOf({ startedAt, ended }: Course, now: number): { from: number; to: number } {
  return {
    from: startedAt,
    to: ended ? Math.max(ended.at, startedAt + 1_000) : Math.max(now, startedAt + 60_000),
  };
}

export function scaleX({ from, to }: { from: number; to: number }, { left, right }: Frame) {
  const perMs = (right - left) / (to - from);
  return (at: number) => round(left + (at - from) * perMs);
}

export function scaleY(most: number, { top, bottom }: Frame) {
  return (value: number) => round(bottom - (value / Math.max(1, most)) * (bottom - top));
}

/** A line that stays as it is until the next moment, up to `until`. */
export function stairs(
  samples: readonly Sample[],
  value: (sample: Sample) => number,
  { x, y, until }: { x: (at: number) => number; y: (value: number) => number; until: number },
): string {
  const [first] = samples;
  if (!first) return '';
  const steps = samples
    .slice(1)
    .map((sample, i) =>
      value(sample) === value(samples[i] as Sample) ? '' : `H${x(sample[0])}V${y(value(sample))}`,
    );
  return `M${x(first[0])} ${y(value(first))}${steps.join('')}H${x(until)}`;
}

const STEPS_S = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];

/** Moments for the axis, in seconds since the beginning: round ones, not more than there is room for. */
export function ticks(lengthMs: number, most: number): number[] {
  const length = lengthMs / 1_000;
  const step = STEPS_S.find((one) => length / one <= most) ?? Math.ceil(length / most);
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => i * step);
}

/** What held at a moment: the last sample before it. */
export function sampleAt(samples: readonly Sample[], at: number): Sample | undefined {
  return samples.findLast(([when]) => when <= at) ?? samples[0];
}

/** Marks that would lie on one another are drawn as their worst, side by side they stay. */
export function spread(
  marks: readonly Mark[],
  x: (at: number) => number,
  room: number,
): (Mark & { x: number })[] {
  const order = ['pass', 'inconclusive', 'error', 'fail'];
  const drawn: (Mark & { x: number })[] = [];
  for (const mark of marks) {
    const at = x(mark.at);
    const last = drawn.at(-1);
    if (!last || at - last.x >= room) drawn.push({ ...mark, x: at });
    else if (order.indexOf(mark.verdict) > order.indexOf(last.verdict))
      drawn[drawn.length - 1] = { ...mark, x: last.x };
  }
  return drawn;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
