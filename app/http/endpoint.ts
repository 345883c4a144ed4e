import type { ServerResponse } from 'node:http';
import type { Context } from 'koa';
import type postgres from 'postgres';
import type { z } from 'zod';
import type { User } from './user.ts';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** An answer that an endpoint can give, by status. An answer without a schema has no body. */
export interface AnswerSchema {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** What is sent instead of JSON. */
  readonly contentType?: string;
}
type AnswerSchemas = Readonly<Record<number, AnswerSchema>>;

/**
 * What has to be done once the transaction of an idempotent endpoint is committed, before the answer is sent: caches forget what
 * was written only then. It runs as well when nobody knows whether it was committed.
 */
export type AfterCommit = () => Promise<void>;

/** One of the declared answers. `headers` are added to those that every answer has. */
type AnswerOf<A extends AnswerSchemas> = {
  [S in keyof A & number]: {
    readonly status: S;
    readonly headers?: Readonly<Record<string, string>>;
    readonly afterCommit?: AfterCommit;
  } & (A[S]['schema'] extends z.ZodType
    ? { readonly body: z.input<A[S]['schema']> | Verbatim }
    : { readonly body?: Verbatim | undefined });
}[keyof A & number];

/** A body that is sent as it is, in the declared content type: text, or what a function writes once the head is out. */
export class Verbatim {
  readonly content: string | ((response: ServerResponse) => void);

  constructor(content: Verbatim['content']) {
    this.content = content;
  }
}

type OutputOf<T extends z.ZodType | undefined> = T extends z.ZodType ? z.output<T> : undefined;

/** What a handler is given: checked, and of the types that the schemas say. */
export interface Call<P, Q, B, U, S> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly user: U;
  /**
   * The transaction of an idempotent endpoint: what is written through it is kept if, and only if, the answer is a
   * success, together with the record that a repetition of the request is answered from.
   */
  readonly sql: S;
  /** For what is said nowhere else: cookies, the address of the client, the connection. */
  readonly ctx: Context;
}

/** A limit of its own, per client address, beside that of the client's plan. */
export interface EndpointLimit {
  readonly name: string;
  readonly perMinute: number;
}

interface Declared<
  P extends z.ZodObject | undefined,
  Q extends z.ZodObject | undefined,
  B extends z.ZodType | undefined,
  A extends AnswerSchemas,
  Access extends 'public' | 'user',
  Idempotent extends boolean,
> {
  readonly method: Method;
  /** Below /api/v1 and /api, with `:name` for each parameter: /prices/:symbol. */
  readonly path: `/${string}`;
  /** A name for programs that are generated from the document, in camelCase; unique. */
  readonly operationId: string;
  /** One line. */
  readonly summary: string;
  readonly description?: string;
  /** The heading that it stands under in the documentation. */
  readonly tag: string;
  readonly params?: P;
  /** The query string; without a schema a request with one is refused. */
  readonly query?: Q;
  /** A JSON body. */
  readonly body?: B;
  readonly answers: A;
  /**
   * Statuses of the Problems that the handler throws. Those that follow from the rest of the declaration (400, 401, 406,
   * 413, 415, 429, 500, 503 ...) are added.
   */
  readonly problems?: readonly number[];
  /** `user`: without an authenticated user the answer is 401. */
  readonly access: Access;
  /** Takes the header Idempotency-Key, and gives the handler a transaction. For writes of a user. */
  readonly idempotent?: Idempotent;
  readonly limit?: EndpointLimit;
  /** The Cache-Control of a success; without it `no-store`, or `private, no-cache` where a user asked. */
  readonly cacheControl?: string;
  /** Asked for so often that its answer is kept ready as bytes for a second, for everybody who asks without an account. */
  readonly hot?: true;
  /** An answer that goes on for as long as the client likes has no deadline. */
  readonly streams?: true;
  handle(
    call: Call<
      OutputOf<P>,
      OutputOf<Q>,
      OutputOf<B>,
      Access extends 'user' ? User : User | undefined,
      Idempotent extends true ? postgres.TransactionSql : undefined
    >,
  ): Promise<AnswerOf<A>> | AnswerOf<A>;
}

/** One of the declared answers, for a handler to return. */
export function reply<const S extends number, B>(
  status: S,
  body: B,
  headers: Readonly<Record<string, string>> = {},
): { readonly status: S; readonly body: B; readonly headers: Readonly<Record<string, string>> } {
  return { status, body, headers };
}

/** An answer of whichever endpoint. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly afterCommit?: AfterCommit;
}

/** A declared endpoint, its types forgotten: what the router, the validation and the document are made from. */
export interface Endpoint {
  readonly method: Method;
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly params?: z.ZodObject | undefined;
  readonly query?: z.ZodObject | undefined;
  readonly body?: z.ZodType | undefined;
  readonly answers: AnswerSchemas;
  readonly problems?: readonly number[];
  readonly access: 'public' | 'user';
  readonly idempotent?: boolean;
  readonly limit?: EndpointLimit;
  readonly cacheControl?: string;
  readonly hot?: true;
  readonly streams?: true;
  handle(call: Call<unknown, unknown, unknown, unknown, unknown>): Promise<Answer> | Answer;
}

/**
 * Declares one endpoint of the API. Routing, validation, limits and the OpenAPI document follow from it, so that what
 * is documented is what is checked. Throws when the declaration contradicts itself.
 */
export function endpoint<
  const A extends AnswerSchemas,
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  Access extends 'public' | 'user' = 'public' | 'user',
  Idempotent extends boolean = false,
>(declared: Declared<P, Q, B, A, Access, Idempotent>): Endpoint {
  const { operationId, path, params } = declared;
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
  const described = Object.keys(params?.shape ?? {});
  if (named.join() !== described.join())
    throw new Error(`${operationId}: the path has the parameters (${named}), the schema (${described})`);
  if (declared.idempotent && declared.access !== 'user')
    throw new Error(`${operationId}: an idempotency key belongs to a user, so access has to be "user"`);
  // The types of the call were those of the schemas that the caller of `handle` checks it with.
  return declared as unknown as Endpoint;
}

/** The statuses of problems that an endpoint can be answered with, ascending. */
export function problemStatuses(declared: Endpoint): number[] {
  // Credentials may be wrong, or not to be checked for now, where none are needed as well.
  const statuses = new Set([...(declared.problems ?? []), 400, 401, 406, 429, 500, 503]);
  // With a cookie, from a page of another site.
  if (declared.method !== 'get') statuses.add(403);
  if (declared.body) for (const status of [413, 415]) statuses.add(status);
  if (declared.idempotent) for (const status of [409, 422, 503]) statuses.add(status);
  return [...statuses].sort((a, b) => a - b);
}
