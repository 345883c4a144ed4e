// The least that answers with a price: node:http and a text that is ready. With REDIS_URL it fans out a channel, too.
import { createServer, type ServerResponse } from 'node:http';
import { createClient } from 'redis';
import { BODY } from './body.ts';

const length = Buffer.byteLength(BODY);
const streams = new Set<ServerResponse>();
const server = createServer((request, response) => {
  if (request.url?.startsWith('/api/prices/stream')) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('\n');
    streams.add(response);
    response.once('close', () => streams.delete(response));
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': length }).end(BODY);
});
if (process.env.REDIS_URL !== undefined) {
  const redis = await createClient({ url: process.env.REDIS_URL }).connect();
  await redis.subscribe('prices', (message) => {
    const event = Buffer.from(`id: ${JSON.parse(message).id}\nevent: prices\ndata: ${message}\n\n`);
    for (const stream of streams) stream.write(event);
  });
}
server.listen(Number(process.env.PORT), () => console.log(JSON.stringify({ message: 'listening' })));
