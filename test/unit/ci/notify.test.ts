import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { equal, is, match, not } from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Receiver } from '../notifications/receiver.ts';

const test = suite('The message of a deployment');
const script = join(import.meta.dirname, '../../../ci/notify.ts');
const facts = { ENVIRONMENT: 'production', VERSION: '1.2.3', RESULT: 'failure' };
let receiver: Receiver;

test.before.each(async () => {
  receiver = await new Receiver().start();
});
test.after.each(() => receiver.stop());

async function notify(variables: Record<string, string>) {
  const child = spawn(process.execPath, [script], { env: variables, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
}

test('it names environment, version, end and reason, and nothing in it is taken for a mention', async () => {
  const DETAIL = 'It was rolled back:\n<!channel> 12 % & more';
  const { code, out, err } = await notify({
    ...facts,
    DETAIL,
    RUN_URL: 'https://ci.example.com/1',
    NOTIFY_WEBHOOK: receiver.url,
  });
  is(code, 0, err);
  const [request] = receiver.received;
  equal(JSON.parse(request?.body ?? ''), {
    text: '*production*: 1.2.3 :x: NOT released\nIt was rolled back: &lt;!channel&gt; 12 % &amp; more\nhttps://ci.example.com/1',
  });
  not.match(out + err, /secret-path/);
});

test('a receiver that is away for a moment gets it all the same', async () => {
  receiver.reply = (_request, count) => ({ code: count < 3 ? 503 : 200 });
  is((await notify({ ...facts, NOTIFY_WEBHOOK: receiver.url })).code, 0);
  is(receiver.received.length, 3);
});

test('a refusal is a sentence without the address, and is not repeated', async () => {
  receiver.reply = () => ({ code: 404 });
  const { code, out, err } = await notify({ ...facts, NOTIFY_WEBHOOK: receiver.url });
  is(code, 1);
  match(err, /^The webhook refused the message \(status 404\): look at the secret NOTIFY_WEBHOOK\.\n$/);
  not.match(out + err, /secret-path/);
  is(receiver.received.length, 1);
});

test('without a receiver nothing is wrong', async () => {
  const { code, out } = await notify(facts);
  is(code, 0);
  match(out, /NOTIFY_WEBHOOK is not set/);
  const wrong = await notify({ ...facts, NOTIFY_WEBHOOK: 'hooks/secret-path' });
  is(wrong.err, 'The secret NOTIFY_WEBHOOK is no address.\n');
});

test.run();
