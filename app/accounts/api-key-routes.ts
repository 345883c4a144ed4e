import { z } from 'zod';
import { idSchema, nameSchema } from '../http/body-text.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { Problem } from '../http/problem.ts';
import { timestamp } from '../http/schemas.ts';
import type { ApiKey, ApiKeyStore } from './api-key-store.ts';

const tag = 'API keys';

const apiKey = z
  .object({ id: z.string(), name: z.string(), prefix: z.string(), createdAt: timestamp })
  .meta({ id: 'ApiKey' });

/** `/keys`: keys for programs. */
export function apiKeyEndpoints(keys: ApiKeyStore): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/keys',
      operationId: 'listApiKeys',
      summary: 'The API keys of the account',
      tag,
      answers: { 200: { description: 'Oldest first', schema: z.object({ keys: z.array(apiKey) }) } },
      access: 'user',
      handle: async ({ user }) => ({
        status: 200 as const,
        body: { keys: (await keys.list(user.id)).map(shown) },
      }),
    }),
    // No Idempotency-Key here: the record of the answer would keep the key in clear.
    endpoint({
      method: 'post',
      path: '/keys',
      operationId: 'createApiKey',
      summary: 'Make an API key',
      description: 'The key is in this answer and never again.',
      tag,
      body: z.strictObject({ name: nameSchema }),
      answers: {
        201: { description: 'The key, once', schema: z.object({ ...apiKey.shape, key: z.string() }) },
      },
      problems: [409],
      access: 'user',
      handle: async ({ user, body }) => {
        const made = await keys.create(user.id, body.name);
        return { status: 201 as const, body: { ...shown(made.apiKey), key: made.key } };
      },
    }),
    endpoint({
      method: 'delete',
      path: '/keys/:id',
      operationId: 'revokeApiKey',
      summary: 'Revoke an API key',
      tag,
      params: z.strictObject({ id: idSchema }),
      answers: { 204: { description: 'The key is refused from now on' } },
      problems: [404],
      access: 'user',
      handle: async ({ user, params }) => {
        if (await keys.revoke(user.id, params.id)) return { status: 204 as const };
        throw new Problem({ status: 404, kind: 'no-such-key', detail: 'You have no such API key.' });
      },
    }),
  ];
}

const shown = ({ createdAt, ...rest }: ApiKey) => ({ ...rest, createdAt: createdAt.toISOString() });
