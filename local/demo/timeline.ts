// Draws the shares of a release over time from what test/e2e/strategies.test.ts recorded in a cluster:
//   ROLLOUT_RECORD=$PWD/record npm run test:e2e -- strategies
//   node local/demo/timeline.ts < record/blue-green.json > docs/images/blue-green.svg
import { text } from 'node:stream/consumers';

/** What the status said at a moment: `at` in milliseconds since 1970, shares in percent. */
export interface Moment {
  at: number;
  /** Share of the release that is being tried, as the gateway has confirmed it. */
  weight: number;
  /** Pods of it that are ready. */
  ready: number;
  /** The environment's summary. */
  summary: string;
}

export interface Timeline {
  title: string;
  moments: Moment[];
}

const WIDTH = 880;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 24;
const TOP = 56;
const BOTTOM = 48;

/** The chart as SVG: the share as steps, ready pods as a dashed line, and what happened in words below a change. */
function drawTimeline({ title, moments }: Timeline): string {
  const first = moments[0]?.at ?? 0;
  // A little more than the last change, so that it can be seen.
  const end = Math.max(1000, 1.1 * ((moments.at(-1)?.at ?? 0) - first));
  const mostPods = Math.max(1, ...moments.map(({ ready }) => ready));
  const x = (at: number) => LEFT + ((at - first) / end) * (WIDTH - LEFT - RIGHT);
  const y = (share: number) => HEIGHT - BOTTOM - (share / 100) * (HEIGHT - TOP - BOTTOM);
  const steps = (value: (moment: Moment) => number) =>
    moments.map((moment, i) => {
      const until = moments[i + 1]?.at ?? first + end;
      return `${px(x(moment.at))},${px(y(value(moment)))} ${px(x(until))},${px(y(value(moment)))}`;
    });
  const share = steps(({ weight }) => weight).join(' ');
  const pods = steps(({ ready }) => (100 * ready) / mostPods).join(' ');
  const base = `${px(x(first + end))},${px(y(0))} ${px(x(first))},${px(y(0))}`;
  const grid = [0, 50, 100].map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(y(value))}" y2="${px(y(value))}" stroke="#3a4150"/>` +
      `<text x="${LEFT - 10}" y="${px(y(value) + 5)}" text-anchor="end">${value} %</text>`,
  );
  const every = stepOf(end);
  const times = Array.from({ length: Math.floor(end / every) + 1 }, (_, i) => i * every).map(
    (ms) =>
      `<text x="${px(x(first + ms))}" y="${HEIGHT - BOTTOM + 24}" text-anchor="middle">${ms / 1000} s</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="13" fill="#c8d0dc">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="10" fill="#12161d"/>`,
    `<text x="24" y="32" font-size="15" fill="#ffffff">${escaped(title)}</text>`,
    `<rect x="${WIDTH - 330}" y="22" width="12" height="12" fill="#4cc9f0"/><text x="${WIDTH - 312}" y="33">share of requests</text>`,
    `<line x1="${WIDTH - 186}" x2="${WIDTH - 166}" y1="28" y2="28" stroke="#f5c265" stroke-width="2" stroke-dasharray="5 4"/><text x="${WIDTH - 160}" y="33">ready pods (of ${mostPods})</text>`,
    ...grid,
    `<polygon points="${share} ${base}" fill="#4cc9f0" fill-opacity="0.35"/>`,
    `<polyline points="${share}" fill="none" stroke="#4cc9f0" stroke-width="2"/>`,
    `<polyline points="${pods}" fill="none" stroke="#f5c265" stroke-width="2" stroke-dasharray="5 4"/>`,
    ...times,
    '</svg>',
    '',
  ].join('\n');
}

/** A round number of milliseconds between two marks, so that there are not more than ten. */
function stepOf(end: number): number {
  return [1000, 2000, 5000, 10_000, 20_000, 60_000].find((step) => end / step <= 10) ?? 300_000;
}

function px(value: number): string {
  return value.toFixed(1);
}

function escaped(part: string): string {
  return part.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}

if (import.meta.main) process.stdout.write(drawTimeline(JSON.parse(await text(process.stdin)) as Timeline));
