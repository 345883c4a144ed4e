// A process with many clients of a stream: prints the delays of what they hear. Plain sockets, as it has one core too.
import { connect } from 'node:net';

const [, , port = '', clients = '', rounds = ''] = process.argv;
const delays: number[] = [];
const heard = new Map<string, number>();
const { promise: complete, resolve: finish } = Promise.withResolvers<void>();

function listen(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write('GET /api/prices/stream HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    socket.once('error', reject);
    socket.setEncoding('latin1');
    socket.once('data', () => resolve());
    socket.on('data', (chunk: unknown) => {
      const id = /id: (\d+)/.exec(String(chunk))?.[1];
      if (id === undefined) return;
      delays.push(Date.now() - Number(id));
      heard.set(id, (heard.get(id) ?? 0) + 1);
      if (heard.size >= Number(rounds) && heard.get(id) === Number(clients)) finish();
    });
  });
}

// In groups: a listening socket has a short queue of those who wait to be accepted.
for (let made = 0; made < Number(clients); made += 100)
  await Promise.all(Array.from({ length: 100 }, listen));
console.log('ready');
await complete;
delays.sort((a, b) => a - b);
const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))];
console.log(JSON.stringify({ events: delays.length, p50: at(0.5), p99: at(0.99), max: delays.at(-1) }));
process.exit(0);
