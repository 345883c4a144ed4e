import { globSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../../local/checkout.ts';
import { buildGo } from '../../local/go.ts';
import type { Report } from '../../local/report.ts';
import { tool } from './tool.ts';

/** Validates the workflows: syntax, expressions and their types, contexts, what scripts get from strangers. */
export async function actionlint(report: Report): Promise<string> {
  const files = globSync('.github/workflows/*.yml', { cwd: checkout });
  const tools = await buildGo({ name: 'validators', report });
  // What is said must not depend on which other linters a machine has.
  await tool(join(tools, 'actionlint'), ['-no-color', '-shellcheck=', '-pyflakes=', ...files]);
  return `${files.length} files`;
}
