import { suite } from '../../harness/suite.ts';
import { FAULTS } from './faults.ts';
import { DatabaseGroup } from './group.ts';
import { survive } from './survive.ts';
import { CountingWriter } from './writer.ts';

const test = suite('Failover of the database');
const group = new DatabaseGroup({ members: 3, durability: 'strict' });
let writer: CountingWriter;

test.before(async () => {
  await group.start();
  await group.healthy();
  writer = await CountingWriter.start(await group.login());
});
test.after(async () => {
  await writer?.stop();
  await group.end();
});

for (const [name, fault] of Object.entries(FAULTS))
  test(`${name}: no confirmed row is lost, and the former primary comes back`, async () => {
    await survive(group, writer, name, fault);
  });

test.run();
