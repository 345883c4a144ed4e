import { equal, ok } from 'uvu/assert';
import { customResourceDefinitions, type Schema } from '../../../operator/api/crd.ts';
import { defaultsByTier, referencePage } from '../../../operator/api/reference.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('The reference');

const pages = customResourceDefinitions().map((crd) => {
  const schema = crd.spec.versions[0]?.schema.openAPIV3Schema as Schema;
  const withTiers = crd.spec.names.kind === 'CryptoSenseEnvironment';
  return { schema, withTiers, page: referencePage(crd, withTiers ? defaultsByTier() : undefined) };
});
const environment = pages.find(({ withTiers }) => withTiers)?.page ?? '';

/** Every schema that is somewhere in `value`. */
function* within(value: unknown): Generator<Schema> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Schema;
  for (const child of Object.values(value)) yield* within(child);
}

/** A line without the backslashes that keep Markdown from reading stars. */
const plain = (page: string) => page.replaceAll('\\', '');

test('tells the meaning of every field', () => {
  for (const { schema, page } of pages) {
    const { spec, status } = schema.properties as Record<string, Schema>;
    for (const { properties } of [...within(spec), ...within(status)]) {
      for (const [name, field] of Object.entries((properties ?? {}) as Record<string, Schema>)) {
        const row = plain(page)
          .split('\n')
          .some((line) => line.includes(`${name}\``) && line.endsWith(`| ${field.description} |`));
        const heading = page.includes(`.${name}\n\n`) && plain(page).includes(String(field.description));
        ok(row || heading, `${name}: ${field.description}`);
      }
    }
  }
});

test('has the sentence of every rule', () => {
  let found = 0;
  for (const { schema, page } of pages) {
    for (const each of within(schema)) {
      for (const { message } of (each['x-kubernetes-validations'] ?? []) as { message: string }[]) {
        found += 1;
        ok(plain(page).includes(message), message);
      }
    }
  }
  ok(found > 60, `only ${found} rules were looked at`);
});

test('shows every default of every tier', () => {
  const lines = environment.split('\n');
  for (const [path, values] of defaultsByTier().values) {
    const row = lines.find((line) => line === `| \`${path}\` | ${values.join(' | ')} |`);
    const same = lines.find(
      (line) => line.startsWith(`| \`${path}\` |`) && line.includes(`| ${values[0]} |`),
    );
    ok(row ?? (new Set(values).size === 1 && same), `${path}: ${values.join(', ')}`);
  }
});

test('says which values a field takes, what it is without being written, and what is required', () => {
  const rows = [
    '| `autoscaling.maxReplicas` | number, 1 to 100 | by tier | The API never has more pods than this. |',
    '| `autoscaling.maxReplicas` | `4` | `3` | `3` | `10` |',
    '| `rollout.canary.steps` | `10 %, 30s, 100 %` | `10 %, 1m, 100 %` | `10 %, 15m, 100 %` | `10 %, 15m, 100 %` |',
    '| `routing.hostnames` | every host | every host | `staging-api.cryptosense.com` | `api.cryptosense.com` |',
    '| `network.egress[].ports` | list, 1 to 16 entries: number, 1 to 65535 | required | Ports (TCP). |',
    '- `database`: (on a change) a volume can grow, but not shrink: database.storage has to be at least what it was',
  ];
  equal(
    rows.filter((row) => !environment.includes(`\n${row}\n`)),
    [],
  );
});

test.run();
