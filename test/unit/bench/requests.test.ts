import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, ok } from 'uvu/assert';
import { quantileOf, WriteLog } from '../../bench/rollout/requests.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('requests of a benchmark');

function entry(verb: string, resource: string, received: string, answered: string): string {
  return `${JSON.stringify({
    verb,
    user: { username: 'ours' },
    objectRef: { resource, namespace: 'market', name: 'shop-api' },
    requestReceivedTimestamp: received,
    stageTimestamp: answered,
    responseStatus: { code: 200 },
  })}\n`;
}

test('writes are read with their microseconds, also when the log was cut inside a line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-requests-'));
  try {
    const path = join(folder, 'audit.log');
    const log = new WriteLog(path);
    const line = entry('patch', 'httproutes', '2026-11-23T06:00:01.000250Z', '2026-11-23T06:00:01.002750Z');
    appendFileSync(path, entry('list', 'pods', '2026-11-23T06:00:00Z', '2026-11-23T06:00:00Z'));
    appendFileSync(path, entry('update', 'leases', '2026-11-23T06:00:00Z', '2026-11-23T06:00:00Z'));
    appendFileSync(path, line.slice(0, 40));
    equal(log.read(), []);
    appendFileSync(path, line.slice(40));
    const [write, ...more] = log.read();
    equal(more, []);
    is(`${write?.user} ${write?.verb} ${write?.resource} ${write?.name}`, 'ours patch httproutes shop-api');
    const took = (write?.answeredAt ?? 0) - (write?.receivedAt ?? 0);
    ok(Math.abs(took - 2.5) < 0.01, `${took} ms`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a quantile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  is(quantileOf(values, 0.5), 50);
  is(quantileOf(values, 0.99), 99);
  is(quantileOf([3], 0.99), 3);
  ok(Number.isNaN(quantileOf([], 0.5)));
});

test.run();
