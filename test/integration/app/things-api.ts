import { randomUUID } from 'node:crypto';
import { Router } from '@koa/router';
import { z } from 'zod';
import { readServerConfig } from '../../../app/config.ts';
import { fixedUrl } from '../../../app/connection-url.ts';
import { mountEndpoints } from '../../../app/http/api.ts';
import { documentationRoutes } from '../../../app/http/documentation.ts';
import { Drain } from '../../../app/http/drain.ts';
import { type Endpoint, endpoint, reply } from '../../../app/http/endpoint.ts';
import { createReadyAnswers } from '../../../app/http/hot/ready-answers.ts';
import { startHttpServer } from '../../../app/http/http-server.ts';
import { createIdempotency } from '../../../app/http/idempotency.ts';
import { createLimiter } from '../../../app/http/limits/limiter.ts';
import { Problem } from '../../../app/http/problem.ts';
import { routePatternOf } from '../../../app/http/route-pattern.ts';
import type { User } from '../../../app/http/user.ts';
import { openCache } from '../../../app/storage/cache.ts';
import { openDatabase } from '../../../app/storage/database.ts';
import { createHttpMetrics } from '../../../app/telemetry/metrics.ts';
import { silent, type World } from './world.ts';

const thing = z.object({ id: z.string(), name: z.string() }).meta({ id: 'Thing' });

/** What a test can hold on to: a write waits at the gate, if there is one. */
export interface Handle {
  gate: Promise<void>;
  entered: () => void;
  executions: number;
}

/** An API with the conventions of the real one and endpoints for tests: `Bearer <id>:<plan>` is a user. */
export async function serveThings(
  world: World,
  variables: Record<string, string> = {},
): Promise<{ url: string; handle: Handle; stop(): Promise<void> }> {
  const config = readServerConfig(world.variables(variables));
  const database = openDatabase({ ...config.database, applicationName: 'things' });
  const cache = openCache({ url: fixedUrl(config.redis.url.read().href, ['redis:']), onChange: () => {} });
  const handle: Handle = { gate: Promise.resolve(), entered: () => {}, executions: 0 };
  const router = new Router();
  const endpoints = thingEndpoints(handle);
  const limiter = createLimiter(cache);
  documentationRoutes(router, endpoints, 'test');
  mountEndpoints(router, endpoints, {
    authenticate: async (ctx): Promise<User | undefined> => {
      const token = ctx.get('Authorization').replace('Bearer ', '');
      if (token === '') return undefined;
      const [id, plan] = token.split(':');
      if (id === undefined || (plan !== 'free' && plan !== 'pro'))
        throw new Problem({ status: 401, kind: 'wrong-credentials', detail: 'This token is not valid.' });
      return { id, plan };
    },
    limiter,
    ready: createReadyAnswers(0),
    limits: config.rateLimits,
    idempotency: createIdempotency(database),
    checkAnswers: true,
  });
  const server = await startHttpServer({
    config,
    logger: silent,
    router,
    metrics: createHttpMetrics('api', 'test', routePatternOf(router)),
    drain: new Drain(),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    handle,
    stop: async () => {
      limiter.stop();
      await server.close();
      await Promise.all([database.end(1_000), cache.end()]);
    },
  };
}

function thingEndpoints(handle: Handle): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/things',
      operationId: 'listThings',
      summary: 'Many things, so that they are worth compressing',
      tag: 'Things',
      access: 'public',
      cacheControl: 'public, max-age=5',
      answers: { 200: { description: 'Things', schema: z.array(thing) } },
      handle: () =>
        reply(
          200,
          Array.from({ length: 200 }, (_, index) => ({ id: String(index), name: `thing ${index}` })),
        ),
    }),
    endpoint({
      method: 'get',
      path: '/things/mine',
      operationId: 'myThings',
      summary: 'What one user sees',
      tag: 'Things',
      access: 'user',
      answers: { 200: { description: 'A thing', schema: thing } },
      handle: ({ user }) => reply(200, { id: user.id, name: user.plan }),
    }),
    endpoint({
      method: 'get',
      path: '/things/undocumented',
      operationId: 'undocumentedThing',
      summary: 'An answer that its schema does not allow',
      tag: 'Things',
      access: 'public',
      answers: { 200: { description: 'A thing', schema: thing } },
      handle: () => reply(200, { id: 1 } as unknown as z.input<typeof thing>),
    }),
    endpoint({
      method: 'post',
      path: '/things',
      operationId: 'makeThing',
      summary: 'Writes a row',
      tag: 'Things',
      access: 'user',
      idempotent: true,
      body: z.strictObject({
        name: z.string({ error: 'must be text' }).min(1, { error: 'must not be empty' }),
      }),
      answers: { 201: { description: 'Made', schema: thing } },
      handle: async ({ body, sql, user }) => {
        handle.executions += 1;
        const id = randomUUID();
        await sql`insert into portfolios (id, user_id, name) values (${id}, ${user.id}, ${body.name})`;
        handle.entered();
        await handle.gate;
        if (body.name === 'refused')
          throw new Problem({ status: 409, kind: 'refused', detail: 'Not this one.' });
        return reply(201, { id, name: body.name }, { Location: `/api/v1/things/${id}` });
      },
    }),
    endpoint({
      method: 'post',
      path: '/things/rare',
      operationId: 'rareThing',
      summary: 'Three times a minute',
      tag: 'Things',
      access: 'public',
      limit: { name: 'rare', perMinute: 3 },
      answers: { 204: { description: 'Done' } },
      handle: () => ({ status: 204 as const }),
    }),
  ];
}
