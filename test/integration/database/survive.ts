import * as assert from 'uvu/assert';
import { eventually } from '../processes.ts';
import type { Fault } from './faults.ts';
import type { DatabaseGroup } from './group.ts';
import type { CountingWriter } from './writer.ts';

/**
 * Does the fault to a group that is well, and waits until it is so again, with the former primary back. Throws when a
 * confirmed row is lost, or when too long no write was confirmed. Returns that time in milliseconds.
 */
export async function survive(
  group: DatabaseGroup,
  writer: CountingWriter,
  name: string,
  { begin, gapMs, healsItself }: Fault,
  report: (line: string) => void = console.log,
): Promise<number> {
  const before = await group.healthy();
  await writes(writer);
  const from = performance.now();
  const heal = await begin(group, before);
  if (!healsItself) {
    await eventually(
      'another member is written to',
      () => writer.confirmed.some(({ at }) => at > from + 300) && writer.longestGap(from) > 300,
      40_000,
    );
    await writes(writer);
  }
  await heal();
  const after = await group.healthy();
  const gap = writer.longestGap(from);
  report(`\nnote: ${name}: ${Math.round(gap)} ms without a confirmed write; ${before} -> ${after}`);
  await assertNothingLost(group, writer);
  assert.ok(
    gap <= gapMs,
    `${name}: ${Math.round(gap)} ms without a confirmed write, at most ${gapMs} are right`,
  );
  return gap;
}

/** Every row that was confirmed up to now is in the database. */
export async function assertNothingLost(group: DatabaseGroup, writer: CountingWriter): Promise<void> {
  const confirmed = [...writer.confirmed];
  const rows = await group.ask(await group.primary(), 'select id::int from written');
  const there = new Set(rows.map(({ id }) => id));
  assert.equal(
    confirmed.filter(({ id }) => !there.has(id)),
    [],
    'confirmed rows are lost',
  );
}

/** Long enough that what is wrong would show. */
async function writes(writer: CountingWriter): Promise<void> {
  const count = writer.confirmed.length;
  await eventually('the writer writes', () => writer.confirmed.length > count + 20);
}
