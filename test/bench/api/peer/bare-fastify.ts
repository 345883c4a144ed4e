// What fastify's own benchmark measures: one route, an object with a schema, nothing else.
import { fastify } from 'fastify';
import { PRICE } from './body.ts';

const text = { type: 'string' } as const;
const properties = {
  symbol: text,
  price: text,
  volume24h: text,
  timestamp: text,
  stale: { type: 'boolean' },
};
const server = fastify();
server.get(
  '/api/prices/:symbol',
  { schema: { response: { 200: { type: 'object', properties } } } },
  async () => PRICE,
);
await server.listen({ port: Number(process.env.PORT) });
console.log(JSON.stringify({ message: 'listening' }));
