import type { ServerResponse } from 'node:http';
import { equal, is, match } from 'uvu/assert';
import { followLogs, readLogs } from '../../../cli/logs/follow.ts';
import { onceOnly, parsedLine } from '../../../cli/logs/line.ts';
import { suite } from '../../harness/suite.ts';
import { answer, ScriptedServer, status } from '../kube/scripted-server.ts';

const test = suite('Logs of many pods');

const PODS = '/api/v1/namespaces/market/pods';
const SELECTION = { namespace: 'market', labelSelector: 'a=b' };

function pod(name: string, phase = 'Running') {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'market', uid: name, resourceVersion: '1' },
    status: { phase },
  };
}

const list = (...items: object[]) => ({ metadata: { resourceVersion: '1' }, items });
/** Begins a watch with what is there, as a server does that is asked for it. */
function watched(response: ServerResponse, ...pods: object[]): void {
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  const end = { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '1', annotations } } };
  const events = [...pods.map((object) => ({ type: 'ADDED', object })), end];
  response.writeHead(200);
  for (const event of events) response.write(`${JSON.stringify(event)}\n`);
}

const moment = (second: number) => `2026-11-20T12:00:0${second}.000000001Z`;

test('a line is its moment and its text, and a line without a moment is itself', () => {
  equal(parsedLine('2026-11-20T12:00:00.123456789Z hello world'), {
    at: '2026-11-20T12:00:00.123456789Z',
    text: 'hello world',
  });
  equal(parsedLine('no moment'), { at: '', text: 'no moment' });
  equal(parsedLine('2026-11-20T12:00:00Z '), { at: '2026-11-20T12:00:00Z', text: '' });
});

test('a log that is opened again tells nothing twice and leaves nothing out', () => {
  const isNew = onceOnly();
  const told = [
    ['1', 'a'],
    ['1', 'b'],
    ['1', 'a'],
    ['1', 'b'],
    ['1', 'c'],
    ['2', 'a'],
    ['1', 'z'],
  ].filter(([at = '', text = '']) => isNew({ at, text }));
  equal(
    told.map((one) => one.join('')),
    ['1a', '1b', '1c', '2a'],
  );
});

test('the lines of all pods are in the order of their moments; a pod without a log is named', async () => {
  const server = await ScriptedServer.start();
  const client = server.client();
  server.handler = (request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    if (path === PODS) return answer(response, list(pod('one'), pod('two'), pod('three')));
    if (path === `${PODS}/one/log`)
      return void response.end(`${moment(1)} a\n${moment(3)} c without its end`);
    if (path === `${PODS}/two/log`) return void response.end(`${moment(2)} b\n`);
    return answer(response, status(400, 'BadRequest', 'container is waiting to start'), 400);
  };
  try {
    const { lines, silent } = await readLogs(
      client,
      { ...SELECTION, tailLines: 5 },
      new AbortController().signal,
    );
    equal(
      lines.map(({ pod: name, text }) => `${name} ${text}`),
      ['one a', 'two b', 'one c without its end'],
    );
    equal(silent, [{ pod: 'three', why: 'container is waiting to start' }]);
    match(server.asked.join('\n'), /one\/log\?timestamps=true&tailLines=5/);
  } finally {
    await client.close();
    await server.stop();
  }
});

test('pods that come later are followed too, and a cut connection costs no line and repeats none', async () => {
  const server = await ScriptedServer.start();
  const client = server.client();
  const ending = new AbortController();
  let opened = 0;
  let addPod: () => void = () => {};
  server.handler = (request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    if (path === PODS && request.query.get('watch')) {
      watched(response, pod('one'), pod('waiting', 'Pending'));
      addPod = () =>
        response.write(
          `${JSON.stringify({ type: 'ADDED', object: { ...pod('two'), metadata: { ...pod('two').metadata, resourceVersion: '2' } } })}\n`,
        );
      return;
    }
    if (path === PODS) return answer(response, list(pod('one'), pod('waiting', 'Pending')));
    if (path.endsWith('/two/log')) return void response.write(`${moment(3)} late\n`);
    opened += 1;
    // The first time the connection is cut; the second begins with what was told in the same second.
    if (opened === 1) {
      response.write(`${moment(1)} a\n`);
      setImmediate(() => response.destroy());
    } else response.write(`${moment(1)} a\n${moment(2)} b\n`);
  };
  const told: string[] = [];
  const pods: string[] = [];
  try {
    await followLogs(client, SELECTION, {
      signal: ending.signal,
      onPod: (name, isNew) => pods.push(`${isNew ? '+' : '-'}${name}`),
      onLine: (name, { text }) => {
        told.push(`${name} ${text}`);
        if (text === 'b') addPod();
        if (text === 'late') ending.abort();
      },
    });
    equal(told, ['one a', 'one b', 'two late']);
    equal(pods, ['+one', '+two']);
    is(server.asked.filter((one) => one.includes('sinceTime=')).length, 1);
  } finally {
    ending.abort();
    await client.close();
    await server.stop();
  }
});

test('who may not read logs is told so, and does not wait for ever', async () => {
  const server = await ScriptedServer.start();
  const client = server.client();
  server.handler = (request, response) => {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    if (request.query.get('watch')) return watched(response, pod('one'));
    if (path === PODS) return answer(response, list(pod('one')));
    return answer(response, status(403, 'Forbidden', 'User "x" cannot get pods/log'), 403);
  };
  try {
    let message = '';
    await followLogs(client, SELECTION, {
      signal: AbortSignal.timeout(20_000),
      onPod: () => {},
      onLine: () => {},
    }).catch((error: Error) => (message = error.message));
    match(message, /403 Forbidden: User "x" cannot get pods\/log/);
  } finally {
    await client.close();
    await server.stop();
  }
});

test.run();
