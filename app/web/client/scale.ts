/** A point of a line: a time in milliseconds since the epoch, and a value. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Scale {
  x(at: number): number;
  y(value: number): number;
  readonly ticks: readonly number[];
}

/**
 * Where points lie in a frame. The values' range is widened by a twentieth, so that a line touches no edge, and a flat line lies in
 * the middle. `points` must not be empty.
 */
export function scaleOf(points: readonly Point[], frame: Frame): Scale {
  const times = points.map(({ at }) => at);
  const values = points.map(({ value }) => value);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low) * 0.05 || Math.abs(high) * 0.01 || 1;
  const [bottom, top] = [low - margin, high + margin];
  const width = frame.width - frame.left - frame.right;
  const height = frame.height - frame.top - frame.bottom;
  return {
    x: (at) => frame.left + (to === from ? width / 2 : ((at - from) / (to - from)) * width),
    y: (value) => frame.top + (1 - (value - bottom) / (top - bottom)) * height,
    ticks: ticksOf(bottom, top),
  };
}

/** Two to seven round numbers between two. */
export function ticksOf(from: number, to: number): number[] {
  const rough = (to - from) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough;
  const ticks: number[] = [];
  // Counted, not added up: a sum of many steps drifts.
  for (let index = Math.ceil(from / step); index * step <= to; index++) ticks.push(index * step);
  return ticks;
}

/** The line through the points, as the `d` of an SVG path. */
export function pathOf(points: readonly Point[], scale: Scale): string {
  return points
    .map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${round(scale.x(at))} ${round(scale.y(value))}`)
    .join('');
}

/** The index of the point whose time is nearest; -1 when there is none. `points` are in the order of time. */
export function nearest(points: readonly Point[], at: number): number {
  let best = -1;
  let distance = Number.POSITIVE_INFINITY;
  for (const [index, point] of points.entries()) {
    const found = Math.abs(point.at - at);
    if (found > distance) break;
    best = index;
    distance = found;
  }
  return best;
}

const round = (value: number) => Math.round(value * 10) / 10;
