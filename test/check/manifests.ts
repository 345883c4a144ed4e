import { globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { cached } from '../../local/cache.ts';
import { checkout } from '../../local/checkout.ts';
import { buildGo, moduleFolder, moduleVersion } from '../../local/go.ts';
import type { Report } from '../../local/report.ts';
import { customResourceDefinitions } from '../../operator/api/crd.ts';
import { type CustomResourceDefinition, KubeSchemas } from './kube-schemas.ts';
import { PROMETHEUS_OPERATOR, prometheusOperatorDefinition } from './prometheus-operator.ts';
import { tool } from './tool.ts';

/** What kube-score asks for and does not get. It gets everything else, or `npm run check` fails. */
const SCORE_EXCEPTIONS: Record<string, string> = {
  'container-ephemeral-storage-request-and-limit':
    'the root file system is read-only, every writable folder has a size limit, and the kubelet bounds logs',
  'container-image-pull-policy':
    'releases never change under their tag, and a local cluster has no registry to ask',
  'container-security-context-user-group-id':
    'the guide asks for uid 1001, below the 10000 that kube-score wants',
  'horizontalpodautoscaler-has-target': 'the target is the environment, a kind that kube-score does not know',
  'pod-probes-identical':
    'PostgreSQL and PgBouncer can be asked in one way only; liveness waits 90 s, readiness 10 s',
};

function manifests(): string[] {
  const found = globSync('{dist,examples}/**/*.yaml', { cwd: checkout }).sort();
  if (!found.some((path) => path.startsWith('dist'))) throw new Error('dist/ is empty: run "npm run synth".');
  return found;
}

/** Validates every manifest against the schema of its kind; a kind without a schema is a failure. */
export async function kubeconform(report: Report): Promise<string> {
  const [tools, schemas] = [await buildGo({ name: 'validators', report }), await schemaFolder(report)];
  const location = `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
  const args = ['-strict', '-summary', '-output', 'text', '-schema-location', location, ...manifests()];
  return tool(join(tools, 'kubeconform'), args);
}

export async function kubeScore(report: Report): Promise<string> {
  const tools = await buildGo({ name: 'validators', report });
  const ignored = Object.keys(SCORE_EXCEPTIONS).flatMap((test) => ['--ignore-test', test]);
  // No CPU limits: they only throttle a pod that could have used what nobody else wants.
  const args = [
    'score',
    '--kubernetes-version',
    'v1.34',
    '--ignore-container-cpu-limit',
    '--output-format',
    'ci',
  ];
  const files = manifests().filter((path) => path.startsWith('dist'));
  await tool(join(tools, 'kube-score'), [...args, ...ignored, ...files], (line) =>
    line.startsWith('[CRITICAL]'),
  );
  return `${files.length} files, ${Object.keys(SCORE_EXCEPTIONS).length + 1} kinds of finding are accepted with a reason`;
}

/** Kubernetes' own schemas and those of the Gateway API are in modules that the cluster needs anyway. */
async function schemaFolder(report: Report): Promise<string> {
  const versions = [
    await moduleVersion('kubernetes', 'k8s.io/kubernetes'),
    await moduleVersion('gateway-api', 'sigs.k8s.io/gateway-api'),
    await moduleVersion('prometheus-operator', PROMETHEUS_OPERATOR),
  ];
  const own = customResourceDefinitions() as unknown as CustomResourceDefinition[];
  const code = readFileSync(join(import.meta.dirname, 'kube-schemas.ts'), 'utf8');
  return cached('kube-schemas', [...versions, JSON.stringify(own), code], async (dir) => {
    const kubernetes = await moduleFolder('kubernetes', 'k8s.io/kubernetes', report);
    const gateway = await moduleFolder('gateway-api', 'sigs.k8s.io/gateway-api', report);
    const openapi = readFileSync(join(kubernetes, 'api/openapi-spec/swagger.json'), 'utf8');
    const schemas = new KubeSchemas(JSON.parse(openapi));
    const others = [
      ...definitionsIn(join(gateway, 'config/crd/standard')),
      await prometheusOperatorDefinition('servicemonitors', report),
      await prometheusOperatorDefinition('prometheusrules', report),
    ];
    for (const crd of [...own, ...others]) schemas.addCustomResource(crd);
    for (const [name, schema] of schemas.files) writeFileSync(join(dir, name), JSON.stringify(schema));
  });
}

function definitionsIn(folder: string): CustomResourceDefinition[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8')))
    .map((document) => document.toJS() as { kind?: string } | null)
    .filter((object) => object?.kind === 'CustomResourceDefinition') as unknown as CustomResourceDefinition[];
}
