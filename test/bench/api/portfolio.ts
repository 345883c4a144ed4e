import { join } from 'node:path';
import { type Figure, figure } from '../figure.ts';
import { median } from './median.ts';
import { run, SERVER_CORE } from './pinned.ts';
import { load } from './wrk.ts';

const RANGE = '7d';
const account = { email: 'bench@example.com', password: 'the horses of the bench' };
const holdings = [
  { symbol: 'BTC', quantity: '0.5', unitCost: '50000' },
  { symbol: 'ETH', quantity: '3', unitCost: null },
];

/**
 * What a portfolio was worth over a week, asked for with a session: two queries through PgBouncer, beside a loop of the same two and
 * the same computation. `url` is that of the API.
 */
export async function benchPortfolio(options: {
  url: string;
  pooledUrl: string;
  rounds: number;
  seconds: number;
  report: (line: string) => void;
}): Promise<Figure[]> {
  const { url, pooledUrl, rounds, seconds, report } = options;
  const { token, id } = await portfolioOf(`${url}/api/v1`);
  const path = `${url}/api/v1/portfolios/${id}/performance?range=${RANGE}`;
  const headers = { authorization: `Bearer ${token}` };
  const loop = join(import.meta.dirname, 'peer/bare-portfolio.ts');
  const mine: number[] = [];
  const theirs: number[] = [];
  await load(path, 3, { headers });
  for (let round = 1; round <= rounds; round++) {
    mine.push((await load(path, seconds, { headers })).rps);
    const command = [process.execPath, loop, pooledUrl, '64', String(seconds), id, RANGE];
    theirs.push((JSON.parse(await run(SERVER_CORE, command)) as { rps: number }).rps);
    report(`portfolio, round ${round}: ${mine.at(-1)} /s, bare loop ${theirs.at(-1)} /s`);
  }
  const peerName = 'bare loop of the queries';
  return [figure('api', 'portfolio_rps', '1/s', { ours: median(mine), peer: median(theirs), peerName })];
}

async function portfolioOf(api: string): Promise<{ token: string; id: string }> {
  const post = async (path: string, body: unknown, token?: string) => {
    const response = await fetch(`${api}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as Record<string, string>;
  };
  await post('/auth/register', account);
  const { token = '' } = await post('/auth/login', account);
  const { id = '' } = await post('/portfolios', { name: 'Bench', holdings }, token);
  return { token, id };
}
