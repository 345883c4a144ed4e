import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { Environment } from '../../../operator/api/resolved.ts';
import { NOTIFICATION_KINDS, SEVERITIES } from '../../../operator/api/spec/notifications.ts';
import type { Notification } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { slackMessage } from '../../../operator/notifications/slack.ts';
import { suite } from '../../harness/suite.ts';
import { violations } from './block-kit.ts';

const test = suite('messages to Slack');

const environment: Environment = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 1 },
  spec: {
    tier: 'local',
    release: { image: 'api:2' },
    notifications: { link: 'https://dash.example.com/{namespace}/{name}?release={number}&hash={revision}' },
  },
};
const rolledBack: Notification = {
  id: '0123456789abcdef0123456789abcdef',
  at: '2026-01-05T10:00:00.000Z',
  kind: 'rollback',
  severity: 'warning',
  reason: 'RolledBack',
  message: 'api:2 is rolled back (AnalysisFailed): 12 % of <requests> & more',
  release: { revision: '0a1b2c3d4e', number: 2, image: 'api:2' },
  waiting: ['chat'],
};
type Block = {
  type: string;
  text?: { text: string };
  fields?: { text: string }[];
  elements?: { url?: string }[];
};
const blocksOf = (payload: object) => (payload as { blocks: Block[] }).blocks;

test('says what happened to what, why, and leads there', () => {
  const payload = slackMessage(environment, rolledBack);
  assert.equal(violations(payload), []);
  const [header, reason, facts, actions] = blocksOf(payload);
  assert.match(header?.text?.text ?? '', /Release rolled back: shop$/);
  assert.is(reason?.text?.text, 'api:2 is rolled back (AnalysisFailed): 12 % of &lt;requests&gt; &amp; more');
  assert.match(
    facts?.fields?.map(({ text }) => text).join(' ') ?? '',
    /market\/shop .*2 \(0a1b2c3d4e\) api:2/s,
  );
  assert.is(actions?.elements?.[0]?.url, 'https://dash.example.com/market/shop?release=2&hash=0a1b2c3d4e');
});

test('keeps the limits of Block Kit whatever it has to say, and nobody can be called by it', () => {
  const words = fc.oneof(
    fc.string({ minLength: 0, maxLength: 600, unit: 'grapheme' }),
    fc.constantFrom('<!channel>', '&'.repeat(512), '<'.repeat(512), '😀'.repeat(256), '', '*_~`>'),
  );
  fc.assert(
    fc.property(
      words,
      words,
      fc.constantFrom(...NOTIFICATION_KINDS),
      fc.constantFrom(...SEVERITIES),
      fc.option(fc.webUrl()),
      (message, image, kind, severity, link) => {
        const release = { revision: '0a1b2c3d4e', number: 2, image: image.slice(0, 500) };
        const spec = { ...environment.spec, ...(link ? { notifications: { link } } : {}) };
        const payload = slackMessage(
          { ...environment, spec },
          { ...rolledBack, message: message.slice(0, 512), release, kind, severity },
        );
        assert.equal(violations(payload), []);
      },
    ),
    { numRuns: 500 },
  );
});

test('a link that fits no button is left out, and the message goes without it', () => {
  const link = `https://dash.example.com/${'a'.repeat(3_000)}`;
  const payload = slackMessage(
    { ...environment, spec: { ...environment.spec, notifications: { link } } },
    rolledBack,
  );
  assert.equal(violations(payload), []);
  assert.not(blocksOf(payload).some(({ type }) => type === 'actions'));
});

test('without a form the link is the address of the API, where it has one', () => {
  const { notifications: _, ...spec } = environment.spec;
  const at = (endpoint: string) =>
    blocksOf(slackMessage({ ...environment, spec, status: { endpoint } }, rolledBack)).find(
      ({ type }) => type === 'actions',
    )?.elements?.[0]?.url;
  assert.is(at('https://api.example.com'), 'https://api.example.com');
  assert.is(at('any host of Gateway a/b'), undefined);
});

test.run();
