import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import * as assert from 'uvu/assert';
import { hotPath } from '../../../app/http/hot/hot-path.ts';
import { createReadyAnswers, type KeptAnswer } from '../../../app/http/hot/ready-answers.ts';
import { type SendWhole, wholeSender } from '../../../app/http/hot/send-whole.ts';
import { KEEP_ALIVE_MS } from '../../../app/http/keep-alive.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('answers before the framework');

const PRICE: KeptAnswer = {
  text: '{"symbol":"BTC"}',
  etag: 'W/"btc"',
  type: 'application/json; charset=utf-8',
  cacheControl: 'public, max-age=5',
  route: '/api/prices/:symbol',
};
const NAME: KeptAnswer = { ...PRICE, text: '{"name":"Cardano ₳"}' };
const next: RequestListener = (_request, response) => {
  response.writeHead(404, ['Content-Length', '4']).end('long');
};

/** What is on the wire after `request` was written to a server of its own, until it closes the connection. */
async function wire(sendWhole: SendWhole | undefined, request: string, quota = 100): Promise<string> {
  const ready = createReadyAnswers(quota);
  ready.put('/price', PRICE);
  ready.put('/name', NAME);
  ready.put('/list', { ...PRICE, text: 'x'.repeat(2_000) });
  const limiter = { take: () => ({ allowed: true, remaining: 99, resetS: 7 }), stop: () => {} };
  const options = { ready, limiter, quota, trustedProxies: 1, sendWhole, next };
  const listener = hotPath({ ...options, isSpecial: () => false, onAnswer: () => {} });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, optimizeEmptyRequests: true }, listener);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  try {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.setTimeout(10_000, () => socket.destroy(new Error('the connection stays open')));
    socket.write(request);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  } finally {
    server.close();
  }
}

const LAST = 'GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const get = (path: string, headers = '') =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n${headers}\r\n`;

/** Each answer as its status line, its headers in an order of their own, and its body. */
const comparable = (text: string) =>
  text
    .replace(/Date: .*/g, 'Date: now')
    .split('HTTP/1.1 ')
    .map((answer) => {
      const [head = '', body] = answer.split('\r\n\r\n');
      return [...head.split('\r\n').sort(), body];
    });

test('this Node takes an answer in one piece', () => {
  assert.type(wholeSender(), 'function');
});

test('an answer in one piece has what Node would have written', async () => {
  const whole = wholeSender();
  let pieces = 0;
  const counting: SendWhole = (response, text) => {
    pieces += 1;
    whole?.(response, text);
  };
  const requests: [inOnePiece: number, request: string][] = [
    [1, get('/price') + LAST],
    [1, get('/price', 'If-None-Match: W/"btc"\r\n') + LAST],
    [1, get('/price', 'X-Forwarded-Proto: https\r\n') + LAST],
    // Each after the other's answer, whoever writes it.
    [3, get('/price') + get('/other') + get('/price') + get('/name') + get('/price') + LAST],
    [1, get('/list') + LAST],
    [0, get('/list', 'Accept-Encoding: gzip\r\n') + LAST],
    [0, get('/name') + LAST],
    [0, get('/price', 'Connection: close\r\n')],
    [0, 'GET /price HTTP/1.0\r\nX-Request-Id: mine\r\n\r\n'],
    [0, `GET /price HTTP/1.0\r\nX-Request-Id: mine\r\nConnection: keep-alive\r\n\r\n${LAST}`],
  ];
  for (const [inOnePiece, request] of requests) {
    pieces = 0;
    const answer = comparable(await wire(counting, request));
    assert.is(pieces, inOnePiece, request);
    assert.equal(answer, comparable(await wire(undefined, request)), request);
  }
});

test('headers that only some answers have are in one piece as well', async () => {
  const secure = get('/price', 'X-Forwarded-Proto: https\r\n') + LAST;
  assert.match(
    await wire(wholeSender(), secure),
    /^Strict-Transport-Security: max-age=\d+; includeSubDomains\r$/m,
  );
  const unlimited = await wire(wholeSender(), get('/price') + LAST, 0);
  assert.not.match(unlimited, /^RateLimit/m);
  assert.equal(comparable(unlimited), comparable(await wire(undefined, get('/price') + LAST, 0)));
});

test('nothing that a client sends becomes a header', async () => {
  const answer = await wire(
    wholeSender(),
    `GET /price HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b\r\n\r\n${LAST}`,
  );
  assert.match(answer, /^X-Request-Id: [0-9a-f-]{36}\r$/m);
});

test('shortly before its time is over one request renews an answer, and afterwards none is given it', () => {
  const ready = createReadyAnswers(0);
  const before = performance.now();
  ready.put('/price', PRICE);
  const after = performance.now();
  const answer = ready.get('/price');
  assert.equal(
    [before + 899, after + 901, before + 950, before + 999].map((now) => answer?.isOld(now)),
    [false, true, false, false],
  );
  assert.equal(
    [after + 1_001, after + 1_002].map((now) => answer?.isOld(now)),
    [true, true],
  );
});

test.run();
