import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { equal, match, ok } from 'uvu/assert';
import { parse, parseAllDocuments } from 'yaml';
import { type EffectiveSpec, effectiveSpec } from '../../../operator/api/effective-spec.ts';
import { type EnvironmentSpec, environmentSchema } from '../../../operator/api/environment.ts';
import { KIND } from '../../../operator/api/well-known.ts';
import { suite } from '../../harness/suite.ts';
import { type Page, pages, parsePage, root } from './pages.ts';

const test = suite('Documentation');
const all = pages();
const page = (path: string) => all.find((each) => each.path === path) as Page;

test('every relative link leads to a file, and every anchor to a heading', () => {
  const dead: string[] = [];
  for (const { path, links } of all) {
    for (const link of links.filter((target) => !/^[a-z]+:/.test(target))) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : normalize(join(path, '..', file)).replace(/\/$/, '');
      if (!existsSync(join(root, target))) dead.push(`${path}: ${link} leads to no file`);
      else if (anchor !== undefined && !page(target)?.anchors.has(anchor))
        dead.push(`${path}: ${link} leads to no heading`);
    }
  }
  equal(dead, []);
});

test('every path of the repository that a page names in its text is there', () => {
  const folders = 'app|backup|charts|ci|cli|dashboard|docs|examples|images|integrations|local|operator|test';
  const path = new RegExp(`^(?:${folders})/[\\w./-]+$`);
  const missing = all.flatMap(({ path: page, spans }) =>
    spans
      .filter(
        (span) =>
          path.test(span) &&
          !span.includes('NNNN') &&
          globSync(`${span.replace(/\/$/, '')}{,.ts}`, { cwd: root }).length === 0,
      )
      .map((span) => `${page}: ${span}`),
  );
  equal(missing, []);
});

test('every npm script that a page names is in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const missing: string[] = [];
  for (const { path, spans, blocks } of all) {
    const code = [...spans, ...blocks.map((block) => block.text)].join('\n');
    for (const [words, run, name = ''] of code.matchAll(/\bnpm (run )?(?:--silent )?([a-z][\w:-]*)/g)) {
      const builtIn = run === undefined && ['ci', 'install'].includes(name);
      if (!builtIn && !(name in scripts)) missing.push(`${path}: ${words}`);
    }
  }
  equal(missing, []);
});

test('every npm script that a person calls is in the README', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const named = page('README.md').rows.map(([command = '']) => command);
  const unnamed = Object.keys(scripts)
    .filter((name) => !/^(pre|post)/.test(name))
    .filter((name) => !named.some((cell) => cell === `\`npm run ${name}\`` || cell === `\`npm ${name}\``));
  equal(unnamed, []);
});

test('every environment in a page passes the schema, with no field that the schema does not know', () => {
  let found = 0;
  for (const { path, blocks } of all) {
    for (const { text } of blocks.filter(({ language }) => language === 'yaml')) {
      for (const document of parseAllDocuments(text)) {
        const resource = document.toJS();
        if (resource?.kind !== KIND) continue;
        found += 1;
        const parsed = environmentSchema.safeParse(resource);
        ok(parsed.success, `${path}: ${parsed.error?.message}`);
        equal(parsed.data, resource, path);
      }
    }
  }
  ok(found > 0, 'no page shows an environment');
});

test('the table of tiers says what the tiers give', () => {
  const [heading, ...rows] = page('docs/environment.md').rows.filter((cells) => cells.length === 5);
  const tiers = heading?.slice(1) as EnvironmentSpec['tier'][];
  const given = tiers.map((tier) => effectiveSpec({ tier, release: { image: 'any:1' } }));
  const row = (name: string, cell: (spec: EffectiveSpec) => unknown) => [
    name,
    ...given.map(cell).map(String),
  ];
  const size = ({ cpu, memory }: { cpu: string; memory: string }) => `${cpu}, ${memory}`;
  equal(rows, [
    row(
      'pods of the API',
      ({ autoscaling: { minReplicas, maxReplicas } }) => `${minReplicas} to ${maxReplicas}`,
    ),
    row('one pod of the API asks for', ({ api }) => size(api.resources)),
    row('PostgreSQL', ({ database }) => `${size(database.resources)}, ${database.storage}`),
    row('pods of PgBouncer', ({ pooler }) => pooler.replicas),
    row('pods of Redis', ({ cache }) => cache.replicas),
    row('market data', ({ release }) => release.config.FEED),
    row('a release', ({ rollout }) =>
      rollout.canary.steps.map(({ weight, pause }) => pause ?? `${weight} %`).join(', '),
    ),
    row('too few requests for a verdict', ({ rollout }) => rollout.canary.analysis.onInsufficientData),
    row('host name', ({ routing }) => routing.hostnames.join(', ') || 'every host'),
    row('protected from deletion', ({ deletionProtection }) => (deletionProtection ? 'yes' : 'no')),
  ]);
});

test('every Event and reason that a page explains is one that the operator can write', () => {
  const source = globSync('operator/**/*.ts', { cwd: root })
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
  const explained = ['docs/releases.md', 'docs/runbooks/release-rolled-back.md'].flatMap((path) =>
    page(path).rows.flatMap(([first = '']) =>
      [...first.matchAll(/`([A-Z][a-z]+[A-Z]\w+)`/g)].map(([, name]) => name),
    ),
  );
  ok(explained.length > 10, 'the tables of Events and reasons were not found');
  const unknown = explained.filter((name) => !new RegExp(`['"]?\\b${name}\\b['"]?`).test(source));
  equal(unknown, []);
});

test('every strategy has a page with an example of it to apply and a drawing of a run', () => {
  const pageOf = {
    canary: 'docs/releases.md',
    blueGreen: 'docs/blue-green.md',
    rolling: 'docs/rolling.md',
  } satisfies Record<EffectiveSpec['rollout']['strategy'], string>;
  for (const [strategy, path] of Object.entries(pageOf)) {
    const { blocks, links } = page(path);
    const shell = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);
    const [, example = ''] = shell.join('\n').match(/kubectl apply -f (examples\/\S+)/) ?? [];
    const { spec } = environmentSchema.parse(parse(readFileSync(join(root, example), 'utf8')));
    equal(effectiveSpec(spec).rollout.strategy, strategy, path);
    const drawing = links.find((link) => link.endsWith('.svg')) ?? '';
    match(readFileSync(join(root, 'docs', drawing), 'utf8'), /share of requests/, `${path}: ${drawing}`);
  }
});

test('every variable that the operator reads is in the table of its settings', () => {
  const source = readFileSync(join(root, 'operator/settings.ts'), 'utf8');
  const read = [...source.matchAll(/env\.([A-Z_]+)|(?:port|namespace)\('([A-Z_]+)'/g)].map(
    ([, a, b]) => a ?? b ?? '',
  );
  const told = page('docs/install.md').rows.flatMap(([first = '']) =>
    [...first.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  );
  // Set by the manifest itself, of the pod that it is in.
  const own = ['POD_NAME', 'POD_NAMESPACE'];
  equal(
    read.filter((name) => !told.includes(name) && !own.includes(name)),
    [],
  );
  ok(read.length > 5);
});

test('every decision is in the list of decisions, and every page in an index', () => {
  const linked = new Set(
    all.flatMap(({ path, links }) =>
      links.map((link) => normalize(join(path, '..', link.split('#')[0] ?? ''))),
    ),
  );
  const lost = all.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.has(path));
  equal(lost, []);
});

test('a link or a table inside a code block is not read as one', () => {
  const found = parsePage('x.md', '# A `b` c\n\n```sh\n[a](b.md)\n| a | b |\n```\n\n[c](d.md) `[e](f.md)`\n');
  equal(found.links, ['d.md']);
  equal(found.rows, []);
  equal([...found.anchors], ['a-b-c']);
});

test.run();
