import { CLIENT_CORE, run } from './pinned.ts';

const CONNECTIONS = 64;

export interface Load {
  readonly rps: number;
  readonly p99Ms: number;
}

/** Asks for `url` on 64 kept connections for `seconds`. Throws when an answer was not a success. */
export async function load(
  url: string,
  seconds: number,
  { headers = {} }: { headers?: Readonly<Record<string, string>> } = {},
): Promise<Load> {
  const sent = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const options = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', '--timeout', '10s', ...sent];
  const output = await run(CLIENT_CORE, ['wrk', ...options, url]);
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`wrk met failures at ${url}:\n${output}`);
  const rps = Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
  const [, amount, unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(output) ?? [];
  const p99Ms = Number(amount) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? Number.NaN);
  return { rps, p99Ms };
}
