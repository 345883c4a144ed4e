import { z } from 'zod';
import { idSchema } from '../http/body-text.ts';
import { cursors } from '../http/cursor.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { decimal, timestamp, wholeNumber } from '../http/schemas.ts';
import { Decimal } from '../portfolios/decimal.ts';
import { findAsset } from '../prices/assets.ts';
import type { Alert } from './alert.ts';
import type { AlertStore } from './alert-store.ts';
import { mistakeInWebhookUrl, type WebhookTargets } from './webhook-url.ts';

const tag = 'Alerts';
const MOST_ON_A_PAGE = 100;

const THRESHOLD = /^\d{1,12}(\.\d{1,8})?$/;
const threshold = z
  .string({ error: 'must be a decimal number as a text, such as "65000"' })
  .regex(THRESHOLD, {
    error: 'must be a decimal number with at most 12 digits before the point and 8 after it',
  })
  .transform((text) => new Decimal(text).toFixed())
  .refine((text) => text !== '0', { error: 'must be more than 0' })
  .meta({ openapi: { type: 'string', pattern: `(?=.*[1-9])${THRESHOLD.source}`, examples: ['65000'] } });

const symbol = z
  .string({ error: 'must be a text, such as "BTC"' })
  .toUpperCase()
  .refine((text) => findAsset(text) !== undefined, { error: 'must be the symbol of a known asset' });

const delivery = z.object({
  status: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.int(),
  lastError: z.string().nullable(),
  finishedAt: timestamp.nullable(),
});

const alert = z
  .object({
    id: z.string(),
    symbol: z.string(),
    direction: z.enum(['above', 'below']),
    threshold: decimal,
    createdAt: timestamp,
    fired: z
      .object({ at: timestamp, price: decimal, priceAt: timestamp })
      .nullable()
      .describe('null while it waits'),
    webhook: z
      .object({
        url: z.string(),
        secret: z.string().optional().describe('Signs the messages; not in lists'),
        delivery: delivery.nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Alert' });

const cursor = cursors('alerts', z.object({ createdAt: z.iso.datetime().regex(/^20/), id: idSchema }));
const id = idSchema;

/** `/alerts/...`: prices to be told of. */
export function alertEndpoints(services: { store: AlertStore; targets: WebhookTargets }): Endpoint[] {
  const { store, targets } = services;
  const webhookUrl = z
    .string({ error: 'must be a text' })
    .transform((text, context) => {
      const message = mistakeInWebhookUrl(text, targets);
      if (message === undefined) return new URL(text).href;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .nullable()
    .default(null)
    .describe('Where the message goes when the alert fires; without it the list tells');

  return [
    endpoint({
      method: 'get',
      path: '/alerts',
      operationId: 'listAlerts',
      summary: 'Your price alerts',
      tag,
      query: z.strictObject({
        status: z.enum(['waiting', 'fired'], { error: 'must be waiting or fired' }).optional(),
        limit: wholeNumber(1, MOST_ON_A_PAGE).default(50),
        cursor: cursor.parameter.optional(),
      }),
      answers: {
        200: {
          description: 'Newest first',
          schema: z.object({ alerts: z.array(alert), nextCursor: z.string().nullable() }),
        },
      },
      access: 'user',
      handle: async ({ user, query: { status, limit, cursor: given } }) => {
        const scope = [user.id, status ?? null];
        const after = given === undefined ? undefined : cursor.decode(given, scope);
        if (given !== undefined && after === undefined) {
          const detail = 'must be the nextCursor of an earlier answer to the same query';
          throw new Problem({
            status: 400,
            kind: 'wrong-parameter',
            detail: `The parameter "cursor" ${detail}.`,
            errors: [{ parameter: 'cursor', detail }],
          });
        }
        const fired = status === undefined ? undefined : status === 'fired';
        const { alerts, next } = await store.list(user.id, { limit, after, fired });
        return {
          status: 200 as const,
          body: {
            alerts: alerts.map((each) => shown(each, false)),
            nextCursor: next ? cursor.encode(next, scope) : null,
          },
        };
      },
    }),
    endpoint({
      method: 'post',
      path: '/alerts',
      operationId: 'createAlert',
      summary: 'Be told of a price',
      description:
        'It fires once, at the first price recorded from now on that is at the threshold or beyond it. A webhook gets a ' +
        'POST that is signed after standardwebhooks.com, at least once.',
      tag,
      body: z.strictObject({
        symbol,
        direction: z.enum(['above', 'below'], { error: 'must be above or below' }),
        threshold,
        webhookUrl,
      }),
      answers: { 201: { description: 'The alert', schema: alert } },
      access: 'user',
      idempotent: true,
      handle: async ({ user, body, sql }) => {
        const made = await store.create(sql, user.id, body);
        const headers = { Location: `/api/v1/alerts/${made.id}` };
        return { status: 201 as const, headers, body: shown(made, true) };
      },
    }),
    endpoint({
      method: 'get',
      path: '/alerts/:id',
      operationId: 'getAlert',
      summary: 'A price alert',
      tag,
      params: z.strictObject({ id }),
      answers: { 200: { description: 'The alert', schema: alert } },
      problems: [404],
      access: 'user',
      handle: async ({ user, params }) => {
        const found = await store.find(user.id, params.id);
        if (!found) throw noSuchAlert();
        return { status: 200 as const, body: shown(found, true) };
      },
    }),
    endpoint({
      method: 'delete',
      path: '/alerts/:id',
      operationId: 'deleteAlert',
      summary: 'Delete a price alert',
      tag,
      params: z.strictObject({ id }),
      answers: { 204: { description: 'It is gone' } },
      problems: [404],
      access: 'user',
      idempotent: true,
      handle: async ({ user, params, sql }) => {
        if (!(await store.remove(sql, user.id, params.id))) throw noSuchAlert();
        return { status: 204 as const };
      },
    }),
  ];
}

const noSuchAlert = () =>
  new Problem({ status: 404, kind: 'no-such-alert', detail: 'You have no such alert.' });

function shown({ createdAt, fired, webhook, ...rest }: Alert, withSecret: boolean) {
  return {
    ...rest,
    createdAt: createdAt.toISOString(),
    fired: fired && { at: fired.at.toISOString(), price: fired.price, priceAt: fired.priceAt.toISOString() },
    webhook: webhook && {
      url: webhook.url,
      ...(withSecret ? { secret: webhook.secret } : {}),
      delivery: webhook.delivery && {
        ...webhook.delivery,
        finishedAt: webhook.delivery.finishedAt?.toISOString() ?? null,
      },
    },
  };
}
