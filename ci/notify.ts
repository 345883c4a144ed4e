// node ci/notify.ts: tells a Slack-compatible webhook how a deployment ended. Reads RESULT, ENVIRONMENT, VERSION, DETAIL, RUN_URL and
// NOTIFY_WEBHOOK, whose address is a secret and is never printed.
import { setTimeout } from 'node:timers/promises';
import { Failure, main, oneLine, required } from './report.ts';

const TRIES = 4;
const REQUEST_MS = 10_000;

const WORDS: Record<string, string> = {
  success: ':white_check_mark: released',
  failure: ':x: NOT released',
  cancelled: ':no_entry_sign: cancelled',
};

/** Slack's own signs in texts of others would be taken for mentions and links. */
const plain = (text: string): string =>
  oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Resolves when the message was taken. Throws Failure, which never names the address. */
async function post(webhook: string, text: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    let answer: string;
    try {
      const response = await fetch(webhook, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
        redirect: 'error',
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      await response.body?.cancel();
      if (response.ok) return;
      answer = `status ${response.status}`;
      // It will not take this message the next time either.
      if (response.status < 500 && response.status !== 429)
        throw new Failure(`The webhook refused the message (${answer}): look at the secret NOTIFY_WEBHOOK.`);
    } catch (error) {
      if (error instanceof Failure) throw error;
      answer = (error as Error).name === 'TimeoutError' ? 'no answer in time' : 'no connection';
    }
    if (attempt === TRIES) throw new Failure(`The webhook did not take the message (${answer}).`);
    await setTimeout(500 * 2 ** attempt);
  }
}

await main(async () => {
  const from = 'the workflow sets it';
  const [environment, version, result] = ['ENVIRONMENT', 'VERSION', 'RESULT'].map((name) =>
    required(name, from),
  );
  const webhook = process.env.NOTIFY_WEBHOOK?.trim();
  if (!webhook) return console.log('Nobody is told: the secret NOTIFY_WEBHOOK is not set.');
  if (!URL.canParse(webhook)) throw new Failure('The secret NOTIFY_WEBHOOK is no address.');
  const { DETAIL = '', RUN_URL = '' } = process.env;
  const lines = [
    `*${plain(environment ?? '')}*: ${plain(version ?? '')} ${WORDS[result ?? ''] ?? plain(result ?? '')}`,
  ];
  if (DETAIL.trim()) lines.push(plain(DETAIL));
  if (RUN_URL.trim()) lines.push(RUN_URL.trim());
  await post(webhook, lines.join('\n'));
  console.log('The receivers of NOTIFY_WEBHOOK know.');
});
