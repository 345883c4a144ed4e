import { equal, is, match, not, ok } from 'uvu/assert';
import { looksSecret, redactedObject, redactedText } from '../../../cli/support/redact.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('What leaves the house');

/** Every form in which a secret gets into a log, an Event or an object, and the part that must not be left. */
const LINES: [string, string][] = [
  ['connecting to postgres://cryptosense:hunter2hunter2@db:5432/x', 'hunter2hunter2'],
  ['redis://:hunter2hunter2@cache:6379', 'hunter2hunter2'],
  ['GET /x Authorization: Bearer abc.def-ghi_jkl', 'abc.def-ghi_jkl'],
  ['{"headers":{"authorization":"Basic dXNlcjpodW50ZXIy"}}', 'dXNlcjpodW50ZXIy'],
  ['{"password":"hunter2hunter2","user":"x"}', 'hunter2hunter2'],
  ['{\\"password\\":\\"hunter2hunter2\\"}', 'hunter2hunter2'],
  ['failed with PGPASSWORD=hunter2hunter2 psql', 'hunter2hunter2'],
  ['api_key: hunter2hunter2', 'hunter2hunter2'],
  ['webhook_secret = hunter2hunter2;', 'hunter2hunter2'],
  ['--access-key=hunter2hunter2', 'hunter2hunter2'],
  ['posting to https://hooks.slack.com/services/T0/B0/hunter2hunter2', 'hunter2hunter2'],
  ['session eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.hunter2hunter2', 'hunter2hunter2'],
  ['key AKIAIOSFODNN7EXAMPLE used', 'AKIAIOSFODNN7EXAMPLE'],
  ['token ghp_hunter2hunter2hunter2', 'hunter2hunter2hunter2'],
  ['-----BEGIN RSA PRIVATE KEY-----\nhunter2hunter2\n-----END RSA PRIVATE KEY-----', 'hunter2hunter2'],
  ['role x PASSWORD SCRAM-SHA-256$4096:hunter2hunter2', 'hunter2hunter2'],
];

for (const [line, secret] of LINES) {
  test(`no secret is left of: ${line.split('\n')[0]}`, () => {
    const clean = redactedText(line);
    not.match(clean, new RegExp(secret.replaceAll(/[.$]/g, '\\$&')));
    match(clean, /\[redacted\]/);
    is(redactedText(clean), clean, 'twice is once');
  });
}

test('what is no secret stays readable', () => {
  for (const line of [
    'password authentication failed for user "cryptosense"',
    '12 tokens were used',
    'https://api.cryptosense.com/api/prices/BTC?limit=10',
    'secretName: shop-credentials',
    '{"level":"info","message":"listening","port":3000,"revision":"bb544ed302"}',
    '2026-11-20T12:00:00Z GET /health 200 3ms',
  ])
    is(redactedText(line), line);
});

test('an object keeps its shape, and loses every value that is secret by its name or by its form', () => {
  const clean = redactedObject({
    kind: 'Pod',
    metadata: {
      name: 'x',
      managedFields: [{}],
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': '{"password":"hunter2"}',
        plain: 'yes',
      },
    },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          env: [
            { name: 'DB_PASSWORD', value: 'hunter2' },
            { name: 'PASSWORD_FILE', value: '/etc/secrets/PASSWORD' },
            { name: 'URL', value: 'https://u:hunter2@h/' },
            { name: 'PORT', value: '3000' },
          ],
        },
      ],
      volumes: [{ secret: { secretName: 'shop-credentials' } }],
    },
    data: { API_KEY: 'hunter2', 'settings.conf': 'port = 1\npassword = hunter2\n' },
  });
  equal(clean, {
    kind: 'Pod',
    metadata: { name: 'x', annotations: { plain: 'yes' } },
    spec: {
      automountServiceAccountToken: false,
      containers: [
        {
          env: [
            { name: 'DB_PASSWORD', value: '[redacted]' },
            { name: 'PASSWORD_FILE', value: '/etc/secrets/PASSWORD' },
            { name: 'URL', value: 'https://u:[redacted]@h/' },
            { name: 'PORT', value: '3000' },
          ],
        },
      ],
      volumes: [{ secret: { secretName: 'shop-credentials' } }],
    },
    data: { API_KEY: '[redacted]', 'settings.conf': 'port = 1\npassword = [redacted]\n' },
  });
});

test('of a Secret, also one inside a list, the keys are left and nothing else', () => {
  const secret = { kind: 'Secret', data: { a: 'aHVudGVyMg==' }, stringData: { b: 'x' } };
  equal(redactedObject({ kind: 'List', items: [secret] }), {
    kind: 'List',
    items: [{ kind: 'Secret', data: { a: '[redacted]' }, stringData: { b: '[redacted]' } }],
  });
});

test('a setting looks like a secret by its name or by its value, and not because it speaks of one', () => {
  for (const [name, value] of [
    ['SMTP_PASSWORD', 'x'],
    ['JWT_SECRET', 'x'],
    ['SENTRY_DSN', 'x'],
    ['UPSTREAM', 'https://a:b@c'],
    ['COINGECKO_API_KEY', 'x'],
  ])
    ok(looksSecret(name as string, value as string), name);
  for (const [name, value] of [
    ['PASSWORD_FILE', '/x'],
    ['LOG_LEVEL', 'info'],
    ['API_BASE_URL', 'https://x'],
    ['TOKEN_TTL_Seconds', '60'],
    ['JWT_SECRET', ''],
  ])
    not.ok(looksSecret(name as string, value as string), name);
});

test.run();
