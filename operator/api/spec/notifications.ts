import { z } from 'zod';
import { NOTIFICATION_SECRET } from '../well-known.ts';
import { form, objectName, rules } from './forms.ts';

/** What can be told of an environment. */
export const NOTIFICATION_KINDS = [
  'start',
  'step',
  'pause',
  'promote',
  'abort',
  'rollback',
  'verdict',
  'migration',
  'alert',
] as const;

export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

export const SEVERITIES = ['info', 'warning'] as const;

/** What the form of a link has to have between braces. */
const LINK_FIELDS = ['namespace', 'name', 'revision', 'number'] as const;

const LINK = new RegExp(`^https?://([^\\s{}]|[{](${LINK_FIELDS.join('|')})[}])+$`);

function secretKey(description: string, key: string) {
  return z
    .object({
      name: objectName().describe(
        `Name of the Secret. The operator may read ${NOTIFICATION_SECRET}, and others when you allow it.`,
      ),
      key: z.string().min(1).max(253).describe(key),
    })
    .describe(description);
}

const webhook = z
  .object({
    name: objectName().describe('Name of this receiver.'),
    type: z.enum(['slack', 'generic']).describe('Form of the message.'),
    urlSecret: secretKey('Where the URL is, which is as good as a password.', 'Key with the URL.'),
    signingSecret: secretKey(
      'Where the key is that messages are signed with (HMAC-SHA256, Standard Webhooks); not signed when absent.',
      'Key with whsec_ and 24 to 64 bytes in base64.',
    ).optional(),
    events: z
      .array(z.enum(NOTIFICATION_KINDS).describe('What happened.'))
      .max(NOTIFICATION_KINDS.length)
      .describe('What is told; everything when absent.')
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional(),
    severity: z
      .enum(SEVERITIES)
      .describe('The least severity that is told: info (everything) when absent, or warning.')
      .optional(),
  })
  .describe('A receiver.')
  .meta(
    rules({
      rule: "self.type == 'generic' || !has(self.signingSecret)",
      message: 'signingSecret is for receivers of type generic: Slack does not check signatures of webhooks',
    }),
  );

export const notifications = z
  .object({
    webhooks: z
      .array(webhook)
      .max(8)
      .describe('Who is told.')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional(),
    link: form(
      LINK,
      'a link begins with http:// or https:// and has between braces only {namespace}, {name}, {revision} or {number}',
      500,
    )
      .describe(
        'Where a message leads to, for example https://dashboard.example.com/{namespace}/{name}; the address of the API when absent.',
      )
      .optional(),
  })
  .describe('Messages about releases and about what needs somebody.');
