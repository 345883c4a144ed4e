import { type Preparation, prepareIntegration } from '../harness/prepare.ts';
import { suite } from '../harness/suite.ts';
import { apiServerAway, FAULTS } from '../integration/database/faults.ts';
import { DatabaseGroup } from '../integration/database/group.ts';
import { survive } from '../integration/database/survive.ts';
import { CountingWriter } from '../integration/database/writer.ts';

const test = suite('Twenty faults of the database');
const FAULTS_IN_ALL = 20;
const group = new DatabaseGroup({ members: 3, durability: 'strict' });
let writer: CountingWriter;
let preparation: Preparation | undefined;

test.before(async () => {
  preparation = await prepareIntegration();
  Object.assign(process.env, preparation.env);
  await group.start();
  await group.healthy();
  writer = await CountingWriter.start(await group.login());
});
test.after(async () => {
  await writer?.stop();
  await group.end();
  await preparation?.cleanUp();
});

const kinds = Object.entries(FAULTS).filter(([, { healsItself }]) => !healsItself);
for (let i = 0; i < FAULTS_IN_ALL - 1; i++) {
  const [name = '', fault] = kinds[i % kinds.length] ?? [];
  if (fault)
    test(`${i + 1}. ${name}`, async () => {
      await survive(group, writer, name, fault);
    });
}
test(`${FAULTS_IN_ALL}. the API server is away for two minutes`, async () => {
  await survive(group, writer, 'two minutes without the API server', apiServerAway(120_000));
});

test.run();
