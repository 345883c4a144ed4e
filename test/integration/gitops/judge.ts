import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { parseAllDocuments } from 'yaml';
import { buildGo } from '../../../local/go.ts';
import { parsePage } from '../../unit/docs/pages.ts';

/** What GitOps tools make of a resource, each with the sentence that it shows. */
export interface Verdict {
  /** Status by kstatus, of which Flux waits for Current. */
  flux: string;
  fluxMessage: string;
  /** The same by the healthCheckExprs of docs/gitops.md, which are for environments; Unknown when they cannot be evaluated. */
  fluxByExprs: string;
  /** Health of Argo CD. */
  argo: string;
  argoMessage: string;
}

const root = join(import.meta.dirname, '../../..');
const HEALTH = join(root, 'integrations/argocd/health.lua');

/** The entry of healthCheckExprs that the page shows, as JSON. */
function expressions(): string {
  const { blocks } = parsePage('docs/gitops.md', readFileSync(join(root, 'docs/gitops.md'), 'utf8'));
  for (const { text } of blocks.filter(({ language }) => language === 'yaml'))
    for (const document of parseAllDocuments(text)) {
      const [entry] = document.toJS().spec.healthCheckExprs ?? [];
      if (entry) return JSON.stringify(entry);
    }
  throw new Error('docs/gitops.md shows no healthCheckExprs.');
}

/** Judges the resources with Flux's own libraries and, in Argo CD's own Lua interpreter, with integrations/argocd/health.lua. */
export async function judge(resources: object[]): Promise<Verdict[]> {
  const built = await buildGo({
    name: 'gitops-judge',
    directory: join(import.meta.dirname, 'judge'),
    packages: ['.'],
    report: () => {},
  });
  const input = resources.map((resource) => `${JSON.stringify(resource)}\n`).join('');
  const { stdout } = await execa(join(built, 'judge'), [HEALTH, expressions()], { input });
  return stdout.split('\n').map((line) => JSON.parse(line) as Verdict);
}
