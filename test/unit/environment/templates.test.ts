import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is } from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { renderComponents, renderMigration, renderRevision, renderRoute } from '../../../charts/render.ts';
import { placeholder } from '../../../charts/template.ts';
import {
  type Environment,
  names,
  type ResolvedEnvironment,
  releaseInputs,
  resolveEnvironment,
} from '../../../operator/api/resolved.ts';
import { KIND } from '../../../operator/api/well-known.ts';
import { Templates } from '../../../operator/environment/templates.ts';
import { suite } from '../../harness/suite.ts';
import { resolved, TIERS } from '../charts/environments.ts';

const test = suite('templates');

const EXAMPLES = globSync(join(import.meta.dirname, '../../../examples/**/*.yaml'))
  .flatMap((path) => parseAllDocuments(readFileSync(path, 'utf8')))
  .map((document) => document.toJS() as Environment | null)
  .filter((object) => object?.kind === KIND) as Environment[];

/** A short one and a long one, one that is part of others' names, one that looks like a number. */
const NAMES = ['a', 'name', 'database', '0', 'z'.repeat(30)];

function everything(environment: ResolvedEnvironment) {
  const inputs = releaseInputs(environment);
  const revision = { revision: '0a1b2c3d4e', inputs };
  return {
    components: renderComponents(environment, { ...inputs, image: 'cryptosense-api:0.9.0' }),
    revision: renderRevision(environment, revision),
    migration: renderMigration(environment, revision),
    route: renderRoute(environment, [{ revision: revision.revision, weight: 100 }]),
  };
}

test('an environment gets from a template exactly what the charts give it', () => {
  const templates = new Templates(everything);
  const specs = [
    ...EXAMPLES.map(({ spec }) => spec),
    ...TIERS.map((tier) => ({ tier, release: { image: 'cryptosense-api:1.0.0' } })),
    ...TIERS.map((tier) => ({
      tier,
      release: { image: 'cryptosense-api:1.0.0', config: { LOG_LEVEL: 'debug', NAME: 'name' } },
      routing: { gateway: { className: 'traefik' } },
    })),
  ];
  for (const spec of specs) {
    for (const [index, name] of NAMES.entries()) {
      const environment = resolveEnvironment({ metadata: { name, namespace: `market-${index}` }, spec });
      equal(templates.of(environment), everything(environment));
    }
  }
});

test('alike environments are rendered once, others each for themselves', () => {
  const rendered: string[] = [];
  const templates = new Templates((environment: ResolvedEnvironment, more: number) => {
    rendered.push(environment.spec.tier);
    return { name: names(environment.name).api, more };
  });
  const [shop, market] = [resolved({}, 'shop'), resolved({ replicas: 3 }, 'market')];
  equal(templates.of(shop, 1), { name: 'shop-api', more: 1 });
  equal(templates.of(market, 1), { name: 'market-api', more: 1 });
  is(rendered.length, 1);
  equal(templates.of(market, 2), { name: 'market-api', more: 2 });
  equal(templates.of(resolved({ tier: 'staging' }, 'shop'), 1), { name: 'shop-api', more: 1 });
  equal(rendered, ['local', 'local', 'staging']);
});

test('a spec that holds what a template has for a name is left as it is', () => {
  const config = { GREETING: `Hello ${placeholder(resolved()).name}` };
  const environment = resolved({ release: { image: 'cryptosense-api:1.0.0', config } });
  const { configMap } = new Templates(everything).of(environment).revision;
  equal((configMap.data as Record<string, string>).GREETING, config.GREETING);
});

test('a template that was forgotten is rendered again', () => {
  let count = 0;
  const templates = new Templates((environment: ResolvedEnvironment, _more: number) => {
    count += 1;
    return environment.name;
  });
  const environment = resolved();
  for (let more = 0; more < 100; more += 1) is(templates.of(environment, more), environment.name);
  is(count, 100);
  is(templates.of(environment, 0), environment.name);
  is(count, 101);
  is(templates.of(environment, 99), environment.name);
  is(count, 101);
});

test.run();
