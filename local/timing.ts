import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from './cache.ts';
import type { Report } from './report.ts';

/** Seconds that steps take the first time on two cores; afterwards the machine's own records are used. */
const typicalSeconds: Readonly<Record<string, number>> = {
  'Container engine': 20,
  'Base image': 60,
  'Kubernetes from source': 560,
  'Node image': 30,
  Cluster: 35,
};

/** How long each step of this process took, in the order in which they ended. */
export const taken: { name: string; ms: number }[] = [];

/**
 * What to expect of a step next time, from what was expected and what it took now. A step that was served from a
 * cache ends in a fraction of the time and says nothing about the next real one.
 */
export function nextEstimate(expectedMs: number | undefined, tookMs: number): number {
  return expectedMs !== undefined && tookMs < expectedMs / 5 ? expectedMs : tookMs;
}

/** "about 3 min left", "about 20 s left"; empty for a step that is short, unknown or over its time. */
export function timeLeft(expectedMs: number | undefined, spentMs: number): string {
  if (expectedMs === undefined || expectedMs < 5_000) return '';
  const seconds = Math.round((expectedMs - spentMs) / 1_000);
  if (seconds <= 0) return 'longer than last time';
  return seconds >= 90
    ? `about ${Math.round(seconds / 60)} min left`
    : `about ${Math.ceil(seconds / 5) * 5} s left`;
}

function recordFile(): string {
  return join(cacheRoot(), 'durations.json');
}

async function records(): Promise<Record<string, number>> {
  try {
    return JSON.parse(await readFile(recordFile(), 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

async function expected(name: string): Promise<number | undefined> {
  const typical = typicalSeconds[name];
  return (await records())[name] ?? (typical === undefined ? undefined : typical * 1_000);
}

/** The time left of a step within a step: the outer one's is the one that the reader waits for. */
const TIME_LEFT = / \((about \d+ \w+ left|longer than last time)\)$/;

/** Runs a step: what it reports is followed by the time left, and how long it took is recorded when it succeeds. */
export async function timed<T>(
  name: string,
  report: Report,
  work: (report: Report) => Promise<T>,
): Promise<T> {
  const started = Date.now();
  const expectedMs = await expected(name);
  let line = '';
  const say = () => {
    const left = timeLeft(expectedMs, Date.now() - started);
    if (left !== '') line = line.replace(TIME_LEFT, '');
    report(`${name}${line === '' ? '' : `: ${line}`}${left === '' ? '' : ` (${left})`}`);
  };
  // A long compilation says nothing for minutes: the time left still moves.
  const ticker = setInterval(say, 5_000);
  try {
    const result = await work((next) => {
      line = next;
      say();
    });
    const ms = Date.now() - started;
    taken.push({ name, ms });
    await mkdir(cacheRoot(), { recursive: true });
    const known = await records();
    await writeFile(
      recordFile(),
      `${JSON.stringify({ ...known, [name]: nextEstimate(known[name], ms) }, null, 2)}\n`,
    );
    return result;
  } finally {
    clearInterval(ticker);
  }
}

/** A table of how long each step took, longest name first in width; one line a step. */
export function durationTable(steps: readonly { name: string; ms: number }[]): string {
  const width = Math.max(0, ...steps.map(({ name }) => name.length));
  return steps
    .map(({ name, ms }) => `  ${name.padEnd(width)}  ${(ms / 1_000).toFixed(1).padStart(7)} s`)
    .join('\n');
}
