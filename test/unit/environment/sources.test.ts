import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import { askHttp } from '../../../operator/environment/measure/http.ts';
import { askPrometheus } from '../../../operator/environment/measure/prometheus.ts';
import { askWeb } from '../../../operator/environment/measure/web.ts';
import type { Outcome } from '../../../operator/rollout/analysis/measured.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('sources over HTTP');

/** What `ask` brings while a server answers like this. */
async function against<T>(answer: RequestListener, ask: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const says =
  (status: number, body: string): RequestListener =>
  (_request, response) => {
    response.writeHead(status).end(body);
  };
const web = (expected: { status?: number; jsonPath?: string }, status: number, body = '') =>
  against(says(status, body), (url) => askWeb(expected, { url, timeoutMs: 2_000 }));
const prometheus = (status: number, body: string) =>
  against(says(status, body), (url) => askPrometheus(url, 'q', { timeoutMs: 2_000 }));
const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'it succeeded',
    (error: Error) => error.message,
  );
const kind = async (outcome: Promise<Outcome>) => (await outcome).type;

test('N1 a web check passes by its status, and fails by another one', async () => {
  assert.equal(
    await Promise.all([
      web({}, 204),
      web({}, 500),
      web({ status: 401 }, 401),
      web({ status: 200 }, 204),
    ]).then((all) => all.map((one) => one.type === 'result' && one.passed)),
    [true, false, true, false],
  );
});

test('a redirect is not followed: it is a status like others', async () => {
  const outcome = await against(
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    (url) => askWeb({}, { url, timeoutMs: 2_000 }),
  );
  assert.is(outcome.type === 'result' && outcome.passed, false);
});

test('N1 a number is read from the answer, and true is 1', async () => {
  const body = '{"data":{"items":[{"value":0.25},{"value":"7"},{"value":true}]}}';
  const values = ['.data.items[0].value', '.data.items[1].value', '.data.items[2].value'].map((jsonPath) =>
    web({ jsonPath }, 200, body),
  );
  assert.equal(await Promise.all(values), [
    { type: 'value', value: 0.25 },
    { type: 'value', value: 7 },
    { type: 'value', value: 1 },
  ]);
});

test('N1 where the answer has no number, it is inconclusive; an answer that is no JSON is an error', async () => {
  for (const jsonPath of ['.missing', '.text', '.none', '.list', '.constructor', '.list[3]'])
    assert.is(await kind(web({ jsonPath }, 200, '{"text":"up","none":null,"list":[]}')), 'nothing', jsonPath);
  assert.match(await failure(web({ jsonPath: '.a' }, 200, '<html>')), /answered something that is no JSON/);
  assert.match(
    await failure(web({ jsonPath: '.a' }, 503, '{"a":1}')),
    /answered 503, expected was 200 to 299/,
  );
});

test('N2 a server that is away or too slow is an error in one sentence', async () => {
  const gone = await against(says(200, ''), async (url) => url);
  assert.match(
    await failure(askWeb({}, { url: gone, timeoutMs: 2_000 })),
    /^127.0.0.1:\d+ cannot be asked \(ECONNREFUSED\)$/,
  );
  const slow = against(
    () => {},
    (url) => failure(askWeb({}, { url, timeoutMs: 100 })),
  );
  assert.match(await slow, /^127.0.0.1:\d+ did not answer in 100 ms$/);
  const endless = against(
    (_request, response) => void response.writeHead(200).write('{'),
    (url) => failure(askWeb({ jsonPath: '.a' }, { url, timeoutMs: 100 })),
  );
  assert.match(await endless, /did not answer in 100 ms$/);
});

test('an answer without end is not read to its end', async () => {
  const sentence = await against(
    (_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    },
    (url) => failure(askWeb({ jsonPath: '.a' }, { url, timeoutMs: 5_000 })),
  );
  assert.match(sentence, /answered with more than 1048576 bytes/);
});

test('addresses at which clouds hand out credentials are not asked', async () => {
  for (const url of [
    'http://169.254.169.254/latest/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
  ])
    assert.match(await failure(askHttp({ url, timeoutMs: 500 })), /is a link-local address/, url);
});

test('neither a header nor an answer is in what is said of a failure', async () => {
  const said = await Promise.all([
    failure(
      against(says(500, 'secret-answer'), (url) =>
        askWeb({ jsonPath: '.a' }, { url, timeoutMs: 2_000, headers: { authorization: 'secret-header' } }),
      ),
    ),
    failure(askHttp({ url: 'http://127.0.0.1:1', timeoutMs: 500, headers: { 'x-key': 'secret-header' } })),
  ]);
  for (const sentence of said) assert.not.match(sentence, /secret/);
});

test('N1 one number of a query is a value; none, several and NaN are inconclusive', async () => {
  const vector = (...values: string[]) =>
    prometheus(
      200,
      JSON.stringify({
        status: 'success',
        data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [1, value] })) },
      }),
    );
  assert.equal(await vector('0.5'), { type: 'value', value: 0.5 });
  for (const values of [[], ['1', '2'], ['NaN'], ['+Inf']])
    assert.is(await kind(vector(...values)), 'nothing');
});

test('N2 an answer that is no answer to the query is an error', async () => {
  assert.match(await failure(prometheus(502, '<html>')), /Prometheus at 127.0.0.1:\d+ answered 502$/);
  const refused =
    '{"status":"error","errorType":"bad_data","error":"parse error: unclosed left parenthesis"}';
  assert.match(
    await failure(prometheus(400, refused)),
    /answered 400: parse error: unclosed left parenthesis/,
  );
  const matrix = '{"status":"success","data":{"resultType":"matrix","result":[]}}';
  assert.match(await failure(prometheus(200, matrix)), /the query gives a matrix: it has to give one number/);
});

test.run();
