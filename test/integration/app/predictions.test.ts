import { createServer } from 'node:http';
import { createClient } from 'redis';
import * as assert from 'uvu/assert';
import { type Prediction, predictionSchema } from '../../../app/predictions/prediction.ts';
import { suite } from '../../harness/suite.ts';
import { cacheUrl } from '../containers.ts';
import { Gate } from './gate.ts';
import { eventually, get, World } from './world.ts';

const test = suite('predictions');
const world = new World();
let predictor: Gate;
let direct: string;
/** An API that finds the predictor behind its gate. */
let url: string;

const hours = (count: number) => world.parts.sql`
  select date_trunc('hour', now()) - n * interval '1 hour' + interval '1 minute' as timestamp, n
  from generate_series(1, ${count}) as n`;

test.before(async () => {
  await world.start();
  const { sql } = world.parts;
  // Prices that grow by 0.1 % an hour, and by 0.01 % in five minutes; ETH has too few, SOL old ones alone.
  await sql`insert into price_history (symbol, timestamp, price)
    select 'BTC', hour.timestamp, 60000 * power(1.001, -hour.n) from (${hours(336)}) as hour`;
  await sql`insert into price_history (symbol, timestamp, price)
    select 'BTC', now() - n * interval '1 minute', 60000 * power(1.00002, -n) from generate_series(1, 600) as n
    on conflict do nothing`;
  await sql`insert into price_history (symbol, timestamp, price)
    select 'ETH', hour.timestamp, 3000 from (${hours(20)}) as hour`;
  await sql`insert into price_history (symbol, timestamp, price)
    select 'SOL', hour.timestamp, 100 from (${hours(300)}) as hour where n > 30`;
  // DOGE never moves, and costs less than a cent.
  await sql`insert into price_history (symbol, timestamp, price)
    select 'DOGE', hour.timestamp, 0.00000012 from (${hours(100)}) as hour`;
  const address = await world.servePredictor();
  direct = `http://${address.host}:${address.port}`;
  predictor = await Gate.to(address);
  ({ url } = await world.serve({ PREDICTOR_URL: `http://${predictor.host}:${predictor.port}` }));
  // A cache that is not connected yet would keep nothing.
  await eventually(
    15_000,
    () => get(`${url}/health/detailed`).then(({ status }) => status),
    (status) => status === 200,
  );
});
test.after(async () => {
  await predictor?.cut();
  await world.stop();
});

const predictionOf = async (address: string): Promise<Prediction> => {
  const { status, body } = await get(address);
  assert.is(status, 200, JSON.stringify(body));
  return predictionSchema.parse(body);
};

test('a forecast of each horizon has its steps, its interval, its source and an honest back-test', async () => {
  for (const [horizon, steps, intervalSeconds] of [
    ['1h', 12, 300],
    ['24h', 24, 3_600],
  ] as const) {
    const found = await predictionOf(`${direct}/predict/BTC?horizon=${horizon}`);
    assert.is(found.forecast.length, steps);
    assert.is(found.basedOn.intervalSeconds, intervalSeconds);
    assert.ok(found.basedOn.prices >= 100, String(found.basedOn.prices));
    found.forecast.forEach(({ timestamp, price, lower, upper }, i) => {
      assert.is(Date.parse(timestamp), Date.parse(found.basedOn.to) + (i + 1) * intervalSeconds * 1_000);
      assert.ok(Number(lower) <= Number(price) && Number(price) <= Number(upper));
    });
    assert.ok(Date.parse(found.basedOn.to) <= Date.now());
    assert.ok(Date.parse(found.forecast.at(-1)?.timestamp ?? '') > Date.now());
  }
  const grows = await predictionOf(`${direct}/predict/btc?horizon=24h`);
  assert.ok(grows.backtest.betterThanNaive);
  assert.match(grows.notice, 'nearer to the prices than the last price');
  const constant = await predictionOf(`${direct}/predict/DOGE?horizon=24h`);
  assert.is(constant.forecast[23]?.price, '0.00000012');
  assert.is.not(constant.backtest.betterThanNaive, true);
  assert.match(constant.notice, 'no better than the last price');
});

test('too little or too old history is a 422, an unknown symbol a 404, a wrong horizon a 400, each with a sentence', async () => {
  const wrong: [string, number, string][] = [
    ['ETH?horizon=24h', 422, 'There is no forecast of ETH: there are prices of 20 of the latest intervals'],
    ['SOL?horizon=24h', 422, 'There is no forecast of SOL: the newest price is from the hour after 20'],
    ['XRP', 422, 'There is no forecast of XRP: there are prices of 0 of'],
    ['NOPE', 404, 'There is no asset with the symbol NOPE; these are known: BTC'],
    ['B-T', 400, 'The parameter "symbol" must be 1 to 15 letters and digits'],
    ['BTC?horizon=2d', 400, 'The parameter "horizon" must be one of 1h, 24h.'],
    ['BTC?days=2', 400, 'The parameter "days" is not a parameter here; these are: horizon.'],
  ];
  for (const [query, status, detail] of wrong) {
    for (const address of [`${direct}/predict/${query}`, `${url}/api/predictions/${query}`]) {
      const found = await get(address);
      assert.is(found.status, status, address);
      assert.is(found.headers.get('content-type'), 'application/problem+json');
      assert.match(String(found.body.detail), detail);
    }
  }
});

test('the API hands a forecast on, keeps it in Redis, and marks it as fresh', async () => {
  const found = await get(`${url}/api/predictions/btc?horizon=24h`);
  assert.is(found.status, 200);
  assert.is(found.body.stale, false);
  assert.is(found.headers.get('cache-control'), 'public, max-age=30');
  const redis = await createClient({ url: cacheUrl(world.parts.cache) }).connect();
  try {
    const ttl = await eventually(
      1_000,
      () => redis.pTTL('prediction:BTC:24h'),
      (ms) => ms > 0,
    );
    assert.ok(ttl > 22 * 3_600_000 && ttl <= 24 * 3_600_000, `found ${ttl} ms`);
  } finally {
    await redis.close();
  }
  assert.is((await get(`${url}/api/predictions/BTC?horizon=24h`)).body.generatedAt, found.body.generatedAt);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, 'cryptosense_prediction_lookups_total{source="cache"} 1');
  assert.match(metrics, 'http_requests_total{method="GET",route="/api/predictions/:symbol",status="200"} 2');
});

test('with the predictor gone or silent, old forecasts are stale, others a 503 in time, and prices go on', async () => {
  const redis = await createClient({ url: cacheUrl(world.parts.cache) }).connect();
  const age = async () => {
    // What a minute does: the kept forecast is not fresh any more.
    const kept = JSON.parse((await redis.get('prediction:BTC:24h')) ?? '{}') as { keptAt: number };
    await redis.set('prediction:BTC:24h', JSON.stringify({ ...kept, keptAt: kept.keptAt - 60_000 }));
  };
  try {
    for (const shut of [() => predictor.cut(), async () => predictor.hang()]) {
      await eventually(
        15_000,
        () => get(`${url}/api/predictions/BTC?horizon=24h`),
        ({ status, body }) => status === 200 && body.stale === false,
      );
      await eventually(1_000, () => redis.exists('prediction:BTC:24h'), Boolean);
      await age();
      await shut();
      const start = performance.now();
      const stale = await get(`${url}/api/predictions/BTC?horizon=24h`);
      assert.is(stale.status, 200);
      assert.is(stale.body.stale, true);
      assert.is(stale.headers.get('cache-control'), 'no-store');
      const none = await get(`${url}/api/predictions/DOGE?horizon=24h`);
      assert.is(none.status, 503);
      assert.is(none.headers.get('content-type'), 'application/problem+json');
      assert.is(none.headers.get('retry-after'), '5');
      assert.ok(performance.now() - start < 2_500, `took ${performance.now() - start} ms`);

      assert.is((await get(`${url}/api/prices/BTC`)).status, 200);
      assert.is((await get(`${url}/health/ready`)).status, 200);
      const detailed = await get(`${url}/health/detailed`);
      assert.is(detailed.status, 200);
      assert.is((detailed.body.services as Record<string, string>).predictor, 'error');
      await predictor.open();
    }
  } finally {
    await redis.close();
  }
});

test('a predictor that fails again and again is left alone, and tried again after a rest', async () => {
  const open = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return /^cryptosense_predictor_circuit_open (\d)$/m.exec(text)?.[1];
  };
  predictor.hang();
  await eventually(
    15_000,
    async () => {
      await get(`${url}/api/predictions/DOGE?horizon=24h`);
      return open();
    },
    (found) => found === '1',
  );
  // Nobody waits for a predictor that will not answer.
  const start = performance.now();
  assert.is((await get(`${url}/api/predictions/DOGE?horizon=24h`)).status, 503);
  assert.ok(performance.now() - start < 400, `took ${performance.now() - start} ms`);
  await predictor.open();
  await eventually(
    15_000,
    () => get(`${url}/api/predictions/DOGE?horizon=24h`).then(({ status }) => status),
    (status) => status === 200,
  );
  assert.is(await open(), '0');
  const detailed = await get(`${url}/health/detailed`);
  assert.is((detailed.body.services as Record<string, string>).predictor, 'ok');
});

test('an answer that is no forecast is a predictor that failed, and not one that the client sees', async () => {
  const answers = [
    '{"forecast":[]}',
    '<html>',
    '{"status":404,"type":"urn:cryptosense:problem:no-such-route"}',
  ];
  for (const answer of answers) {
    const wrong = createServer((_request, response) =>
      response.writeHead(answer.includes('404') ? 404 : 200).end(answer),
    );
    await new Promise<void>((resolve) => wrong.listen(0, '127.0.0.1', resolve));
    const address = wrong.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      const api = await world.serve({ PREDICTOR_URL: `http://127.0.0.1:${port}` });
      const found = await get(`${api.url}/api/predictions/LTC`);
      assert.is(found.status, 503, answer);
    } finally {
      wrong.close();
    }
  }
});

test('an API without a predictor says so, and does not list one', async () => {
  const alone = await world.serve();
  const found = await get(`${alone.url}/api/predictions/BTC`);
  assert.is(found.status, 503);
  assert.is(found.body.detail, 'There are no forecasts here: no predictor is configured.');
  const detailed = await get(`${alone.url}/health/detailed`);
  assert.not.ok('predictor' in (detailed.body.services as object));
});

test('the predictor starts without a database, is ready when it comes, and a 503 in between', async () => {
  const gate = await Gate.to(world.parts.pooler);
  await gate.cut();
  const { host, port } = await world.servePredictor({
    DATABASE_URL: `postgresql://cryptosense:test-password@${gate.host}:${gate.port}/cryptosense`,
  });
  const own = `http://${host}:${port}`;
  assert.is((await get(`${own}/health`)).status, 200);
  assert.is((await get(`${own}/health/ready`)).status, 503);
  const away = await get(`${own}/predict/BTC`);
  assert.is(away.status, 503);
  assert.is(away.headers.get('retry-after'), '2');
  await gate.open();
  await eventually(
    15_000,
    () => get(`${own}/health/ready`).then(({ status }) => status),
    (status) => status === 200,
  );
  assert.is((await get(`${own}/predict/BTC`)).status, 200);
  const metrics = await (await fetch(`${own}/metrics`)).text();
  assert.match(metrics, 'cryptosense_forecasts_total{horizon="1h",outcome="forecast"} 1');
  assert.match(metrics, 'cryptosense_predictor_build_info');
  await gate.cut();
});

test.run();
