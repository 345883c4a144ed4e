import { equal, is, match, ok } from 'uvu/assert';
import { CHECKS } from '../../../cli/doctor/checks.ts';
import type { Facts } from '../../../cli/doctor/facts.ts';
import { diagnose } from '../../../cli/doctor/finding.ts';
import { doctorLines } from '../../../cli/doctor/render.ts';
import { plain } from '../../../cli/terminal/terminal.ts';
import { suite } from '../../harness/suite.ts';
import { config } from './doctor-fault.ts';
import { FAULTS } from './doctor-faults.ts';
import { factsOf } from './doctor-world.ts';

const test = suite('The doctor');

test('nothing is found in production as the guide wants it', () => {
  const found = diagnose(CHECKS, factsOf({})).flatMap(({ id, findings }) =>
    findings.map(({ says }) => `${id}: ${says}`),
  );
  equal(found, []);
});

for (const [name, id, gravity, says, fault] of FAULTS) {
  test(`it finds ${name}, and names a remedy`, () => {
    const result = diagnose(CHECKS, factsOf(fault)).find((one) => one.id === id);
    const finding = result?.findings.find((one) => says.test(one.says));
    ok(finding, JSON.stringify(result?.findings, undefined, 2));
    is(finding.gravity, gravity);
    match(finding.remedy, /\w{3}/);
  });
}

test('every check of the two lists is there to find something that is in the table', () => {
  const covered = new Set(FAULTS.map(([, id]) => id));
  equal(
    CHECKS.map(({ id }) => id).filter((id) => !covered.has(id)),
    [],
  );
});

test('what may not be seen is not known, and neither well nor a fault', () => {
  const forbidden = { items: [], missing: 'forbidden' as const };
  const blind = factsOf({
    facts: (facts) => ({
      ...facts,
      seesEverywhere: false,
      cluster: Object.fromEntries(
        Object.keys(facts.cluster).map((kind) => [kind, forbidden]),
      ) as unknown as Facts['cluster'],
      secrets: Object.fromEntries(
        Object.keys(facts.secrets).map((name) => [name, { state: 'forbidden' as const }]),
      ),
      health: { problem: 'no', isForbidden: true },
    }),
  });
  const results = diagnose(CHECKS, blind);
  const gravities = new Set(results.flatMap(({ findings }) => findings.map(({ gravity }) => gravity)));
  equal([...gravities], ['unknown']);
  for (const id of ['operator', 'certificates', 'secrets', 'health'])
    is(results.find((one) => one.id === id)?.verdict, 'unknown', id);
});

test('it shows the two lists, each finding with its remedy, and counts them', () => {
  const lines = doctorLines('shop', diagnose(CHECKS, factsOf(config({ LOG_LEVEL: 'debug' }))), plain).join(
    '\n',
  );
  match(lines, /Before the launch\n✓ All environments configured[\s\S]*After the launch/);
  match(lines, /! Review logs weekly\n {4}! LOG_LEVEL is debug in production.*\n {6}→ Take LOG_LEVEL out/);
  match(lines, /0 to mend, 1 to look at, 0 not known\.$/);
});

test.run();
