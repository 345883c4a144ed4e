// npm run check: everything that can be known without running the project. All steps run, whatever fails before.
import { drift } from '../operator/api/generate.ts';
import { alertRules } from './check/alert-rules.ts';
import { kubeconform, kubeScore } from './check/manifests.ts';
import { Finding, tool } from './check/tool.ts';
import { actionlint } from './check/workflows.ts';

interface Step {
  name: string;
  /** Resolves with a remark, or rejects with what is wrong. */
  run: () => Promise<string>;
}

const report = (line: string) => {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K  ${line.slice(0, 100)}`);
};

const STEPS: Step[] = [
  { name: 'types', run: () => tool('tsc', ['-p', '.', '--pretty', 'false']) },
  { name: 'types, web page', run: () => tool('tsc', ['-p', 'app/web/client', '--pretty', 'false']) },
  { name: 'types, dashboard', run: () => tool('tsc', ['-p', 'dashboard/client', '--pretty', 'false']) },
  { name: 'lint and format', run: () => tool('biome', ['ci', '--colors=off', '.']) },
  { name: 'unused code', run: () => tool('knip', ['--no-progress']) },
  {
    name: 'CRDs, reference',
    run: async () => {
      const sentence = drift();
      if (sentence !== undefined) throw new Finding(sentence);
      return '';
    },
  },
  { name: 'synth', run: () => tool(process.execPath, ['charts/synth.ts']) },
  { name: 'kubeconform', run: () => kubeconform(report) },
  { name: 'kube-score', run: () => kubeScore(report) },
  { name: 'actionlint', run: () => actionlint(report) },
  { name: 'alert rules', run: () => alertRules(report) },
];

let failed = 0;
for (const { name, run } of STEPS) {
  const started = performance.now();
  let remark = '';
  let problem: string | undefined;
  try {
    remark = await run();
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    failed += 1;
  }
  const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  console.log(
    `${problem === undefined ? 'ok    ' : 'FAILED'} ${name.padEnd(16)} ${seconds.padStart(7)}  ${remark}`,
  );
  if (problem !== undefined) console.log(problem.replace(/^/gm, '    '));
}
console.log(`${STEPS.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
