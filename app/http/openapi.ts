import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { type AnswerSchema, type Endpoint, problemStatuses } from './endpoint.ts';

type Json = Record<string, unknown>;

/** An error, as RFC 9457 has it. */
const problemSchema = z
  .object({
    type: z.string().describe('urn:cryptosense:problem: and a stable name for programs'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().describe('One sentence for people'),
    errors: z
      .array(
        z.object({
          parameter: z.string().optional().describe('The parameter or header that is wrong'),
          pointer: z.string().optional().describe('The place in the body that is wrong, a JSON pointer'),
          detail: z.string(),
        }),
      )
      .optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'What went wrong, and what to do (RFC 9457)' });

/** The OpenAPI 3.1 document of the endpoints, from the schemas that check their requests and describe their answers. */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): Json {
  const components: Json = {};
  const paths: Record<string, Json> = {};
  for (const declared of endpoints) {
    const path = declared.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [declared.method]: operation(declared, components) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'CryptoSense API',
      version,
      description:
        'Prices, their history, forecasts, and the accounts and portfolios that go with them. Amounts are decimal ' +
        'strings in US dollars, times are in UTC. Every error is a Problem (RFC 9457).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    tags: [...new Set(endpoints.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...components, Problem: jsonSchema(problemSchema, 'output', {}) },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A session, as login gives it, or an API key',
        },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-session' },
      },
    },
  };
}

function operation(declared: Endpoint, components: Json): Json {
  const { operationId, summary, description, tag, access, body } = declared;
  const answers = Object.entries(declared.answers).map(([status, answer]) => [
    status,
    answerOf(answer, declared, components),
  ]);
  const problems = problemStatuses(declared).map((status) => [String(status), problemOf(status)]);
  const parameters = [
    ...parametersOf(declared.params, 'path', components),
    ...parametersOf(declared.query, 'query', components),
    ...(declared.idempotent ? [idempotencyKey] : []),
  ];
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(body, 'input', components) } },
          },
        }
      : {}),
    responses: Object.fromEntries([...answers, ...problems]),
    ...(access === 'user' ? { security: [{ bearer: [] }, { session: [] }] } : {}),
  };
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'Makes repetitions safe for 24 hours: the same key with the same request gives the same answer again.',
  // With or without quotes.
  schema: { type: 'string', minLength: 1, maxLength: 257, pattern: '^"?[\\x21\\x23-\\x7e]+"?$' },
};

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query', components: Json): Json[] {
  if (!schema) return [];
  const { properties, required = [] } = jsonSchema(schema, 'input', components) as {
    properties: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function answerOf(answer: AnswerSchema, declared: Endpoint, components: Json): Json {
  const { description, schema, contentType = 'application/json' } = answer;
  const sent = schema
    ? jsonSchema(schema, 'output', components)
    : answer.contentType
      ? { type: 'string' }
      : undefined;
  return {
    description,
    headers: { 'X-Request-Id': { schema: { type: 'string' } }, ...headersOf(declared) },
    ...(sent ? { content: { [contentType]: { schema: sent } } } : {}),
  };
}

const headersOf = ({ method }: Endpoint): Json =>
  method === 'get'
    ? { ETag: { schema: { type: 'string' } }, 'Cache-Control': { schema: { type: 'string' } } }
    : {};

function problemOf(status: number): Json {
  return {
    description: STATUS_CODES[status] ?? 'Problem',
    ...(status === 429 || status === 503
      ? { headers: { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds' } } }
      : {}),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

/** A schema of the library as JSON Schema; those that have an id become components, which `components` collects. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const { $schema, $defs, ...made } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema: made }) => {
      const meta = z.globalRegistry.get(zodSchema);
      if (meta?.openapi === undefined) return;
      for (const key of Object.keys(made))
        if (key !== 'default' && key !== 'description') delete (made as Json)[key];
      Object.assign(made, meta.openapi);
    },
  }) as Json;
  for (const [id, definition] of Object.entries(($defs as Json) ?? {}))
    components[id] ??= withRefs(definition);
  const { id: _, ...rest } = withRefs(made) as Json;
  return rest;
}

function withRefs(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
