import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';

const test = suite('the random histories');

const root = join(import.meta.dirname, '../../..');

interface Mutation {
  name: string;
  file: string;
  from: string;
  to: string;
}

/** Each takes one check away from the decision or from the guard behind it. */
const MUTATIONS: Mutation[] = [
  {
    name: 'a candidate without a ready pod gets its share',
    file: 'operator/rollout/weights.ts',
    from: 'if (view.ready === 0) return 0;',
    to: '',
  },
  {
    name: 'a candidate with too few ready pods gets its whole share',
    file: 'operator/rollout/weights.ts',
    from: 'return view.ready >= needed ? weight : Math.min(have, weight);',
    to: 'return weight;',
  },
  {
    name: 'a dead stable release keeps its requests',
    file: 'operator/rollout/stable.ts',
    from: 'if (stable.ready > 0) return stable.revision;',
    to: 'return stable.revision;',
  },
  {
    name: 'pods go while the route is on its way',
    file: 'operator/rollout/stepwise.ts',
    from: 'const isServed = target <= weight && isRouted;',
    to: 'const isServed = true;',
  },
  {
    name: 'a former release is removed before the router has confirmed that it gets nothing',
    file: 'operator/rollout/retirement.ts',
    from: 'const settled = decision.weights !== undefined && routed(draft, decision.weights);',
    to: 'const settled = true;',
  },
  {
    name: 'a weight counts before the router has confirmed it',
    file: 'operator/rollout/advance.ts',
    from: 'input.route?.confirmed ? (input.route.weights[view.revision] ?? 0) : candidate.weight',
    to: '(input.route?.weights[view.revision] ?? 0)',
  },
  {
    name: 'a rolling update takes old pods away before the router knows',
    file: 'operator/rollout/rolling.ts',
    from: 'old: isRouted ? Math.min(old, kept) : old,',
    to: 'old: Math.min(old, kept),',
  },
  {
    name: 'what gave its pods up takes everything back at once',
    file: 'operator/rollout/stable.ts',
    from: 'Math.min(have, notYetBack(stableView(draft), draft.input.replicas))',
    to: '0',
  },
  {
    name: 'a Service finds the pods of a third release',
    file: 'operator/rollout/sharing.ts',
    from: 'if (others.length > 0) {',
    to: 'if (others.length < 0) {',
  },
  {
    name: 'pods that are being taken away count as gone',
    file: 'operator/rollout/weights.ts',
    from: 'return Math.max(pods, replicas);',
    to: 'return pods < 0 ? pods : replicas;',
  },
  {
    name: 'a stable release gives pods up that the candidate has not made up for',
    file: 'operator/rollout/stepwise.ts',
    from: 'isRouted ? input.replicas - at.beside : Math.min(stable.replicas ?? 0, input.replicas)',
    to: '0',
  },
  {
    name: 'a selector counts as switched before it is',
    file: 'operator/rollout/draft.ts',
    from: 'if (!route?.confirmed) return false;',
    to: 'if (!route) return false;',
  },
  {
    name: 'a command is carried out at each look',
    file: 'operator/rollout/commands.ts',
    from: 'if (done.some((one) => one.verb === verb && one.target === target.slice(0, 64))) {',
    to: 'if (false) {',
  },
  {
    name: 'a release that was rolled back is tried again by itself',
    file: 'operator/rollout/decide.ts',
    from: 'desired === draft.memory.rejected?.revision ||\n    leavingOf(draft)',
    to: 'leavingOf(draft)',
  },
  {
    name: 'a candidate that is not asked for any more goes on',
    file: 'operator/rollout/decide.ts',
    from: 'if (!held && draft.memory.candidate && draft.memory.candidate.revision !== desired) {',
    to: 'if (draft.memory.candidate?.revision === "") {',
  },
];

for (const { name, file, from, to } of MUTATIONS) {
  test(`catch it when ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'cryptosense-mutation-'));
    try {
      for (const part of ['operator', 'charts', 'test/unit/rollout', 'test/harness', 'package.json'])
        cpSync(join(root, part), join(folder, part), { recursive: true });
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
      const source = readFileSync(join(folder, file), 'utf8');
      assert.is(source.split(from).length, 2, `${file} has not just once: ${from}`);
      writeFileSync(join(folder, file), source.replace(from, to));
      const histories = join(folder, 'test/unit/rollout/histories.test.ts');
      const run = spawnSync(process.execPath, [histories], {
        encoding: 'utf8',
        env: { ...process.env, HISTORIES: '3000' },
        timeout: 120_000,
      });
      assert.is.not(run.status, 0, run.stdout);
      assert.match(run.stdout, /Property failed after|because: /, run.stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.run();
