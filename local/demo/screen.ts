import { styleText } from 'node:util';
import type { Environment } from '../../operator/api/resolved.ts';
import type { LoadCounters } from './load.ts';

const BAR = 30;

/** One line about a rollout: who gets how much, whose pods are ready, what the last look at them said. */
export function rolloutLine(environment: Environment, load: LoadCounters): string {
  const { stable, candidate, readyReplicas = 0, replicas = 0, rejected } = environment.status ?? {};
  // Without a candidate the bar is the stable release's, which gets everything.
  const weight = candidate?.weight ?? 100;
  const filled = Math.round((BAR * weight) / 100);
  const bar = styleText('cyan', '█'.repeat(filled)) + styleText('gray', '░'.repeat(BAR - filled));
  const parts = [
    `${bar} ${String(weight).padStart(3)} %`,
    `stable ${version(stable?.image)} ${readyReplicas}/${replicas}`,
  ];
  if (candidate) {
    parts.push(
      `candidate ${version(candidate.image)} ${candidate.readyReplicas}/${candidate.replicas}`,
      `step ${candidate.step + 1}/${candidate.steps}`,
    );
    const last = candidate.measurements?.at(-1);
    if (last) parts.push(`${last.verdict}: ${last.errors}/${last.requests} 5xx`);
  } else if (rejected) {
    parts.push(styleText('red', `rolled back ${version(rejected.image)} (${rejected.reason})`));
  }
  parts.push(`load ${load.requests} requests, ${load.failed} failed`);
  return parts.join('  ');
}

function version(image: string | undefined): string {
  return image?.slice(image.lastIndexOf(':') + 1) ?? '-';
}

/** Prints lines with the time; on a terminal an unfinished line is drawn over by the next. */
export class Screen {
  readonly #isTerminal = process.stdout.isTTY === true;
  #last = '';

  show(line: string): void {
    // The load's counters alone are no news in a log.
    const news = line.replace(/ {2}load .*$/, '');
    if (this.#isTerminal) process.stdout.write(`\r\u001b[2K${clock()} ${line}`);
    else if (news !== this.#last) console.log(`${clock()} ${line}`);
    this.#last = news;
  }

  say(line: string): void {
    if (this.#isTerminal && this.#last) process.stdout.write('\n');
    this.#last = '';
    console.log(`${clock()} ${line}`);
  }
}

function clock(): string {
  return styleText('gray', new Date().toISOString().slice(11, 19));
}
