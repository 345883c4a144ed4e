import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import postgres from 'postgres';
import { createClient } from 'redis';
import winston from 'winston';
import { fixedUrl } from '../../../app/connection-url.ts';
import { createSimulator } from '../../../app/feed/simulator.ts';
import { readMigrations } from '../../../app/migrations/files.ts';
import { runMigrations } from '../../../app/migrations/runner.ts';
import { momentOf } from '../../../app/prices/stream/moment.ts';
import { bundle } from '../../../images/bundle.ts';
import { bundleWebPage } from '../../../images/web-page.ts';
import { aptInstall } from '../../../local/apt.ts';
import { imageFlags } from '../../harness/image-settings.ts';
import { prepareIntegration } from '../../harness/prepare.ts';
import type { Containers } from '../../integration/containers.ts';
import { freePorts } from '../../integration/processes.ts';
import { type Figure, figure } from '../figure.ts';
import { wantedParts, wholeNumber } from '../settings.ts';
import { median } from './median.ts';
import { CLIENT_CORE, type Pinned, run, SERVER_CORE, startPinned } from './pinned.ts';
import { benchPortfolio } from './portfolio.ts';
import { type Load, load } from './wrk.ts';

const report = (line: string) => process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`);
const peerFile = (name: string) => join(import.meta.dirname, 'peer', name);

interface Conditions {
  readonly rounds: number;
  readonly seconds: number;
  readonly streamClients: number;
  readonly soakSeconds: number;
}

interface Surroundings {
  readonly ours: Pinned;
  readonly pooledUrl: string;
  readonly cacheUrl: string;
  /** When the history that every contender reads ends. */
  readonly now: Date;
}

const PARTS = ['hot', 'history', 'portfolio', 'stream', 'memory'] as const;

/**
 * The API's bundle on one core beside its peers on the same core, in turns; PostgreSQL, PgBouncer and Redis are real.
 * `BENCH_PARTS` names some of the parts, with commas between them.
 */
export async function benchApi(): Promise<Figure[]> {
  const parts = wantedParts(PARTS, process.env.BENCH_PARTS);
  const conditions = {
    rounds: wholeNumber('BENCH_ROUNDS', 5),
    seconds: wholeNumber('BENCH_SECONDS', 10),
    streamClients: wholeNumber('BENCH_STREAM_CLIENTS', 5_000),
    soakSeconds: wholeNumber('BENCH_SOAK_SECONDS', 600),
  };
  await aptInstall(['wrk'], report);
  const engine = await prepareIntegration(report);
  Object.assign(process.env, engine.env);
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-bench-'));
  // Read only now, when the environment names the images.
  const { Containers } = await import('../../integration/containers.ts');
  const containers = new Containers();
  const started: Pinned[] = [];
  try {
    await bundle('app/main.ts', join(folder, 'main.mjs'));
    await bundleWebPage('app/web/client/main.ts', join(folder, 'web'));
    const surroundings = await surround(containers, folder, conditions);
    started.push(surroundings.ours);
    const { url } = surroundings.ours;
    const measured: Record<(typeof PARTS)[number], () => Promise<Figure[]>> = {
      hot: () => hotPrice(surroundings, conditions, started),
      history: () => history(surroundings, conditions),
      portfolio: () => benchPortfolio({ ...surroundings, ...conditions, url, report }),
      stream: () => streams(surroundings, conditions),
      memory: () => soak(surroundings, conditions),
    };
    const figures: Figure[] = [];
    for (const part of parts) figures.push(...(await measured[part]()));
    return figures;
  } finally {
    await Promise.all(started.map((server) => server.stop()));
    await containers.stop();
    rmSync(folder, { recursive: true });
    await engine.cleanUp();
  }
}

async function surround(
  containers: Containers,
  folder: string,
  conditions: Conditions,
): Promise<Surroundings> {
  const { cacheUrl, databaseUrl } = await import('../../integration/containers.ts');
  report('starting PostgreSQL, PgBouncer and Redis');
  const [database, cache] = await Promise.all([containers.startDatabase(), containers.startCache()]);
  const pooledUrl = databaseUrl(await containers.startPooler());
  await runMigrations({
    url: fixedUrl(databaseUrl(database), ['postgresql:']),
    migrations: readMigrations(join(import.meta.dirname, '../../../app/migrations')),
    target: { direction: 'up' },
    version: 'bench',
    logger: winston.createLogger({ silent: true }),
  });
  const now = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000);
  const sql = postgres(databaseUrl(database), { max: 1, onnotice: () => {} });
  // A price a minute for five days.
  await sql`
    insert into price_history (symbol, timestamp, price, volume)
    select symbol, at, 60000 + 1000 * sin(extract(epoch from at) / 3000), 28000000000
    from unnest(array['BTC', 'ETH']) as symbol,
      generate_series(${now}::timestamptz - interval '5 days', now(), interval '1 minute') as at`;
  await sql`analyze price_history`;
  await sql.end();
  const [port = 0] = await freePorts(1);
  const environment = {
    // As in production: limits count, requests are identified, measured and logged.
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    APP_VERSION: 'bench',
    API_BASE_URL: 'https://api.cryptosense.com',
    DATABASE_URL: pooledUrl,
    REDIS_URL: cacheUrl(cache),
    FEED: 'coingecko',
    COINGECKO_URL: 'http://127.0.0.1:1',
    FEED_INTERVAL_MS: '3600000',
    RATE_LIMIT_ANONYMOUS: '1000000000',
    RATE_LIMIT_FREE: '1000000000',
    STREAM_MOST_CLIENTS: String(2 * conditions.streamClients),
  };
  const ours = await startPinned(join(folder, 'main.mjs'), port, environment, imageFlags('api'));
  return { ours, pooledUrl, cacheUrl: cacheUrl(cache), now };
}

async function hotPrice(
  { ours }: Surroundings,
  { rounds, seconds }: Conditions,
  started: Pinned[],
): Promise<Figure[]> {
  const [httpPort = 0, fastifyPort = 0] = await freePorts(2);
  const bare = await startPinned(peerFile('bare-http.ts'), httpPort, { NODE_ENV: 'production' });
  const fastify = await startPinned(peerFile('bare-fastify.ts'), fastifyPort, { NODE_ENV: 'production' });
  started.push(bare, fastify);
  const contenders = { ours, bare, fastify };
  const loads: Record<keyof typeof contenders, Load[]> = { ours: [], bare: [], fastify: [] };
  for (const { url } of Object.values(contenders)) await load(`${url}/api/prices/BTC`, 3);
  for (let round = 1; round <= rounds; round++) {
    for (const [name, server] of Object.entries(contenders) as [keyof typeof contenders, Pinned][]) {
      const before = server.cpuSeconds();
      const measured = await load(`${server.url}/api/prices/BTC`, seconds);
      loads[name].push(measured);
      const micros = (1e6 * (server.cpuSeconds() - before)) / (measured.rps * seconds);
      report(
        `hot price, round ${round}, ${name}: ${Math.round(measured.rps)} /s, p99 ${measured.p99Ms} ms, ` +
          `${micros.toFixed(1)} us of the core a request`,
      );
    }
  }
  const rps = (name: keyof typeof contenders) => median(loads[name].map((each) => each.rps));
  const p99 = (name: keyof typeof contenders) => median(loads[name].map((each) => each.p99Ms));
  return [
    figure('api', 'hot_price_rps', '1/s', { ours: rps('ours'), peer: rps('bare'), peerName: 'node:http' }),
    figure('api', 'hot_price_rps', '1/s', { ours: rps('ours'), peer: rps('fastify'), peerName: 'fastify' }),
    figure('api', 'hot_price_p99_ms', 'ms', { ours: p99('ours'), peer: p99('fastify'), peerName: 'fastify' }),
  ];
}

async function history(
  { ours, pooledUrl, now }: Surroundings,
  { rounds, seconds }: Conditions,
): Promise<Figure[]> {
  const from = new Date(now.getTime() - 100 * 3_600_000).toISOString();
  const to = now.toISOString();
  const url = `${ours.url}/api/v1/prices/BTC/history?interval=1h&limit=100&from=${from}&to=${to}`;
  const mine: number[] = [];
  const theirs: number[] = [];
  await load(url, 3);
  for (let round = 1; round <= rounds; round++) {
    mine.push((await load(url, seconds)).rps);
    const loop = [process.execPath, peerFile('bare-loop.ts'), pooledUrl, '64', String(seconds), from, to];
    theirs.push((JSON.parse(await run(SERVER_CORE, loop)) as { rps: number }).rps);
    report(`history, round ${round}: ${mine.at(-1)} /s, bare loop ${theirs.at(-1)} /s`);
  }
  return [
    figure('api', 'history_rps', '1/s', {
      ours: median(mine),
      peer: median(theirs),
      peerName: 'bare loop of the query',
    }),
  ];
}

async function streams(surroundings: Surroundings, conditions: Conditions): Promise<Figure[]> {
  const [port = 0] = await freePorts(1);
  const bare = await startPinned(peerFile('bare-http.ts'), port, { REDIS_URL: surroundings.cacheUrl });
  try {
    const mine = await delayP99(surroundings.ours, surroundings.cacheUrl, conditions.streamClients);
    const theirs = await delayP99(bare, surroundings.cacheUrl, conditions.streamClients);
    return [figure('api', 'sse_delay_p99_ms', 'ms', { ours: mine, peer: theirs, peerName: 'node:http' })];
  } finally {
    await bare.stop();
  }
}

const STREAM_ROUNDS = 30;

/** From the publishing in Redis until a client has it, over all clients and moments, in ms. */
async function delayP99(server: Pinned, cacheUrl: string, clients: number): Promise<number> {
  const listeners = join(import.meta.dirname, 'listeners.ts');
  const port = new URL(server.url).port;
  const child = spawn(
    'taskset',
    ['-c', String(CLIENT_CORE), process.execPath, listeners, port, String(clients), String(STREAM_ROUNDS)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const redis = await createClient({ url: cacheUrl }).connect();
  const simulator = createSimulator(1);
  let publishing: NodeJS.Timeout | undefined;
  try {
    for await (const line of createInterface(child.stdout)) {
      if (line === 'ready') {
        report(`${clients} clients listen; resident ${Math.round(server.rssMib())} MiB`);
        publishing = setInterval(() => {
          void simulator.quotes(new Date(), new AbortController().signal).then((quotes) => {
            // The time of the message is its id, so it is made last.
            const moment = { ...momentOf(quotes), id: Date.now() };
            return redis.publish('prices', JSON.stringify(moment));
          });
        }, 1_000);
        continue;
      }
      report(`delays of the stream: ${line}`);
      return (JSON.parse(line) as { p99: number }).p99;
    }
    throw new Error('the listeners ended without a word');
  } finally {
    clearInterval(publishing);
    await redis.close();
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

/** Until then V8 lets the heap grow to what this load needs; a leak goes on after it. */
const WARM_SECONDS = 180;

/** Growth of the resident memory under load, from when it is warm. */
async function soak({ ours }: Surroundings, { soakSeconds }: Conditions): Promise<Figure[]> {
  const urls = ['/api/prices/BTC', '/api/prices', '/api/prices/ETH/history?limit=100'];
  const turn = 5;
  let warm = Number.NaN;
  for (let second = 0; second < soakSeconds + WARM_SECONDS; second += turn) {
    const path = urls[(second / turn) % urls.length] ?? '';
    await load(`${ours.url}${path}`, turn);
    if (Number.isNaN(warm) && second >= WARM_SECONDS) warm = ours.rssMib();
    if (second % 60 === 0) report(`memory after ${second} s of load: ${Math.round(ours.rssMib())} MiB`);
  }
  const growth = (100 * (ours.rssMib() - warm)) / warm;
  return [figure('api', 'rss_growth_percent', '%', { ours: growth, peer: undefined, peerName: '' })];
}
