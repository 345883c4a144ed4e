import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { checkout } from '../../../local/checkout.ts';
import { suite } from '../../harness/suite.ts';
import { ApiProcess } from '../app/api-process.ts';
import { World } from '../app/world.ts';
import { Script } from './script.ts';

const test = suite('The smoke test of a release');
const world = new World();
let api: ApiProcess;

test.before(async () => {
  await world.start();
  const variables = world.variables({ FEED: 'simulator', FEED_INTERVAL_MS: '500', LOG_LEVEL: 'info' });
  api = await ApiProcess.start(join(checkout, 'app/main.ts'), variables);
});
test.after(async () => {
  api?.signal('SIGTERM');
  await api?.exitCode();
  await world.stop();
});

const smoke = (url: string, version: string, seconds: string) =>
  new Script('smoke.ts', ['--url', url, '--version', version, '--seconds', seconds]).ended();

test('a release that serves passes, and says which one it is', async () => {
  const { code, err, outputs } = await smoke(`${api.url}/`, '1.2.3', '30');
  equal([code, err], [0, '']);
  equal(outputs, { result: `${api.url} answers as 1.2.3.` });
});

test('another version that answers is found', async () => {
  const { code, err } = await smoke(api.url, '1.2.4', '0');
  is(code, 1);
  match(
    err,
    /is not as it should be:\n {2}\/api\/openapi\.json: version "1\.2\.3" answers, not "1\.2\.4"\.\n$/,
  );
});

test('a database that is away is found, with the answers that show it', async () => {
  const without = await ApiProcess.start(
    join(checkout, 'app/main.ts'),
    world.variables({ DATABASE_URL: 'postgresql://user:password@127.0.0.1:1/none' }),
  );
  try {
    const { code, err } = await smoke(without.url, '1.2.3', '0');
    is(code, 1);
    match(err, /\/health\/detailed: 503 instead of 200/);
    // The price is the last one that Redis knows.
    match(err, /\/api\/v1\/prices\/BTC\/history: 503 instead of 200/);
    not.match(err, / \/health: /);
  } finally {
    without.signal('SIGTERM');
    await without.exitCode();
  }
});

test('a page that is not the API is found, and so is nothing at all', async () => {
  const server: Server = createServer((_request, response) => response.end('<h1>Welcome</h1>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const { code, err } = await smoke(url, '1.2.3', '0');
    is(code, 1);
    match(err, /\/health: the answer is not JSON \(<h1>Welcome<\/h1>\)\./);
    match(err, /\/api\/v1\/no-such-path: 200 instead of 404/);
  } finally {
    server.close();
  }
  match((await smoke('http://127.0.0.1:1', '1.2.3', '0')).err, /\/health: no answer/);
  match((await smoke('shop', '1.2.3', '0')).err, /^Usage: /);
});

test.run();
