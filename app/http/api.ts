import type { Router } from '@koa/router';
import type { Context, Middleware } from 'koa';
import type postgres from 'postgres';
import { z } from 'zod';
import { within } from '../deadline.ts';
import { readJson } from './body.ts';
import { checkBody } from './body-check.ts';
import { type AfterCommit, type Answer, type Endpoint, Verbatim } from './endpoint.ts';
import type { ReadyAnswers } from './hot/ready-answers.ts';
import type { Idempotency, SentAnswer } from './idempotency.ts';
import type { Limiter } from './limits/limiter.ts';
import { limitRequest, type RateLimits } from './limits/rate-limit.ts';
import { checkParameters } from './parameters.ts';
import { Problem } from './problem.ts';
import { etagOf, sendText } from './sent-answer.ts';
import type { Authenticate, User } from './user.ts';

/** Where the endpoints are: the present version under its name, and, as the first users know it, under none. */
const PREFIXES = ['/api/v1', '/api'] as const;
const JSON_TYPE = 'application/json; charset=utf-8';

const HANDLER_DEADLINE_MS = 10_000;
const noParameters = z.strictObject({});

export interface ApiServices {
  readonly authenticate: Authenticate;
  readonly limiter: Limiter;
  readonly limits: RateLimits;
  readonly idempotency: Idempotency;
  /** Answers of hot endpoints, for the path before the framework. */
  readonly ready: ReadyAnswers;
  /** Checks each answer against its schema: one that is not as documented is a bug, and a 500. Costs time. */
  readonly checkAnswers: boolean;
}

/** Adds the endpoints to the router, under each prefix. */
export function mountEndpoints(router: Router, endpoints: readonly Endpoint[], services: ApiServices): void {
  for (const declared of endpoints) {
    const paths = PREFIXES.map((prefix) => `${prefix}${declared.path}`);
    router[declared.method](paths, serve(declared, services));
  }
}

function serve(declared: Endpoint, services: ApiServices): Middleware {
  const serving = async (ctx: Context) => {
    const user = await admit(ctx, declared, services);
    negotiate(ctx, declared);
    const params = declared.params && checkParameters(declared.params, { ...ctx.params });
    const query = checkParameters(declared.query ?? noParameters, { ...ctx.query });
    const read = declared.body ? await readJson(ctx.req) : undefined;
    const body = declared.body && checkBody(declared.body, read?.value);
    const call = { params, query: declared.query && query, body, user, ctx };

    let afterCommit: AfterCommit | undefined;
    const handle = async (sql?: postgres.TransactionSql) => {
      const answer = await declared.handle({ ...call, sql });
      afterCommit = answer.afterCommit;
      return asSent(declared, answer, services.checkAnswers);
    };
    const committing =
      declared.idempotent && user
        ? services.idempotency.run({ ctx, user, bytes: read?.bytes ?? Buffer.alloc(0) }, handle)
        : handle();
    const answering = committing.finally(() => afterCommit?.());
    const answer = await (declared.streams
      ? answering
      : within(HANDLER_DEADLINE_MS, 'the service', answering));
    await send(ctx, declared, answer);
    if (declared.hot) keepReady(ctx, declared, answer, services.ready);
  };
  return serving as Middleware;
}

/** Keeps an answer for those who ask the same within the next second, unless it is one that may not be kept. */
function keepReady(ctx: Context, declared: Endpoint, answer: SentAnswer, ready: ReadyAnswers): void {
  const { cacheControl = '' } = declared;
  const { status, headers, content } = answer;
  if (status !== 200 || typeof content !== 'string' || headers['Cache-Control'] || ctx.url !== ctx.path)
    return;
  const route = String(ctx._matchedRoute);
  ready.put(ctx.path, { text: content, etag: etagOf(content), type: JSON_TYPE, cacheControl, route });
}

/** Who asks, and whether there is room for the request. */
async function admit(
  ctx: Context,
  declared: Endpoint,
  { authenticate, limiter, limits }: ApiServices,
): Promise<User | undefined> {
  let user: User | undefined;
  try {
    user = await authenticate(ctx);
  } catch (error) {
    // Guessing at credentials counts as well.
    limitRequest(ctx, { limiter, limits, user, own: declared.limit });
    throw error;
  }
  ctx.state.user = user;
  limitRequest(ctx, { limiter, limits, user, own: declared.limit });
  if (user || declared.access === 'public') return user;
  throw new Problem({
    status: 401,
    kind: 'not-authenticated',
    detail: 'This needs an account: log in, or send a token as "Authorization: Bearer ...".',
    headers: { 'WWW-Authenticate': 'Bearer realm="cryptosense"' },
  });
}

/** Throws a 406 Problem when the client takes nothing that a success can be sent as. */
function negotiate(ctx: Context, { answers }: Endpoint): void {
  const types = Object.values(answers).map(({ contentType }) => contentType ?? 'application/json');
  if (types.length === 0 || ctx.accepts(types) !== false) return;
  const detail = `This is sent as ${[...new Set(types)].join(' or ')}, which the header "Accept" does not allow.`;
  throw new Problem({ status: 406, kind: 'not-acceptable', detail });
}

function asSent(declared: Endpoint, answer: Answer, check: boolean): SentAnswer {
  const { status, headers = {}, body } = answer;
  const schema = declared.answers[status]?.schema;
  if (check && !declared.answers[status])
    throw new Error(`${declared.operationId}: the status ${status} is not documented`);
  if (body instanceof Verbatim) return { status, headers, content: body.content };
  if (check) schema?.parse(body);
  return { status, headers, ...(schema ? { content: JSON.stringify(body) } : {}) };
}

async function send(ctx: Context, declared: Endpoint, answer: SentAnswer): Promise<void> {
  const { status, headers, content } = answer;
  ctx.status = status;
  ctx.set('Cache-Control', declared.cacheControl ?? defaultCaching(declared));
  ctx.set({ ...headers });
  const type = declared.answers[status]?.contentType ?? JSON_TYPE;
  if (typeof content === 'string') return sendText(ctx, content, type);
  if (content) {
    ctx.type = type;
    ctx.respond = false;
    ctx.res.flushHeaders();
    content(ctx.res);
    return;
  }
  ctx.body = null;
  // Koa takes an empty body for a 204.
  ctx.status = status;
}

/** What belongs to a user may be kept by that user's own browser alone, which has to ask whether it still holds. */
const defaultCaching = ({ method, access }: Endpoint) =>
  method === 'get' && access === 'user' ? 'private, no-cache' : 'no-store';
