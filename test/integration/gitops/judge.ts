import { join } from 'node:path';
import { execa } from 'execa';
import { buildGo } from '../../../local/go.ts';

/** What GitOps tools make of a resource, each with the sentence that it shows. */
export interface Verdict {
  /** Status by kstatus, of which Flux waits for Current. */
  flux: string;
  fluxMessage: string;
  /** Health of Argo CD. */
  argo: string;
  argoMessage: string;
}

const root = join(import.meta.dirname, '../../..');
const HEALTH = join(root, 'integrations/argocd/health.lua');

/** Judges the resources with Flux's own library and, in Argo CD's own Lua interpreter, with integrations/argocd/health.lua. */
export async function judge(resources: object[]): Promise<Verdict[]> {
  const built = await buildGo({
    name: 'gitops-judge',
    directory: join(import.meta.dirname, 'judge'),
    packages: ['.'],
    report: () => {},
  });
  const input = resources.map((resource) => `${JSON.stringify(resource)}\n`).join('');
  const { stdout } = await execa(join(built, 'judge'), [HEALTH], { input });
  return stdout.split('\n').map((line) => JSON.parse(line) as Verdict);
}
