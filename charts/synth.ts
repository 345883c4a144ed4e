import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { customResourceDefinitions } from '../operator/api/crd.ts';
import { environmentSchema } from '../operator/api/environment.ts';
import {
  type Manifest,
  type ResolvedEnvironment,
  releaseInputs,
  resolveEnvironment,
} from '../operator/api/resolved.ts';
import { KIND } from '../operator/api/well-known.ts';
import { settingsFrom } from '../operator/settings.ts';
import { checksOf } from './analysis-job.ts';
import { monitoringFiles } from './monitoring-files.ts';
import type { OperatorOptions } from './operator.ts';
import {
  renderAnalysisJob,
  renderComponents,
  renderDatabaseCheck,
  renderMigration,
  renderOperator,
  renderProtection,
  renderRestore,
  renderRevision,
  renderRoute,
  renderServiceRoute,
} from './render.ts';

const root = join(import.meta.dirname, '..');

/** In dist/ there is no operator that would count releases or hash them: the one release has a telling name. */
const REVISION = 'initial';

/** The objects that the operator makes of an environment, by the file that they go to. */
export function exampleManifests(text: string): Record<string, Manifest[]> {
  const { metadata, spec } = environmentSchema.parse(parse(text));
  const environment = resolveEnvironment({
    metadata: { name: metadata.name, namespace: metadata.namespace ?? 'default' },
    spec,
  });
  const revision = { revision: REVISION, inputs: releaseInputs(environment) };
  const { configMap, service, deployment } = renderRevision(environment, revision);
  const components = renderComponents(environment);
  return {
    ...components,
    'database-check': databaseCheck(environment, components.database),
    restore: environment.spec.backup.enabled
      ? [renderRestore(environment, { hash: REVISION, kind: 'drill', target: {}, broken: [] })]
      : [],
    release: [configMap, service, deployment],
    migration: [renderMigration(environment, revision)],
    analysis: analysisJobs(environment),
    routing: [
      environment.spec.routing.mode === 'service'
        ? renderServiceRoute(environment, REVISION)
        : renderRoute(environment, [{ revision: REVISION, weight: 100 }]),
    ],
  };
}

/** The Jobs by which the analyses of a release run programs of the user's. */
function analysisJobs(environment: ResolvedEnvironment): Manifest[] {
  return checksOf(environment.spec.rollout).map(({ image, command, args }, i) =>
    renderAnalysisJob(environment, {
      hash: `${i}`.padStart(REVISION.length, '0'),
      annotations: {},
      revision: REVISION,
      stable: REVISION,
      image,
      ...(command ? { command } : {}),
      ...(args ? { args } : {}),
      timeoutSeconds: 60,
    }),
  );
}

/** The Job that tries parameters before the database gets them; only parameters of the user's need it. */
function databaseCheck(environment: ResolvedEnvironment, database: Manifest[]): Manifest[] {
  if (Object.keys(environment.spec.database.parameters).length === 0) return [];
  const { data = {} } = database.find(({ kind }) => kind === 'ConfigMap') as {
    data?: Record<string, string>;
  };
  return [renderDatabaseCheck(environment, { hash: REVISION, settings: Object.values(data).join('\n') })];
}

/** Whose namespace dist/operator-namespaced.yaml is for; WATCH_NAMESPACE asks for another. */
const TEAM = 'cryptosense';

/**
 * Every file of dist/, by its path inside it. `image` is that of the operator, `team` the namespace of one that is limited to it,
 * `settings` what else it is told.
 */
export function distribution(
  image: string,
  team: string = TEAM,
  settings: OperatorVariables = {},
): Map<string, string> {
  const operator = { image, ...settings };
  const files = new Map<string, string>();
  const crds = customResourceDefinitions() as unknown as Manifest[];
  files.set('crds.yaml', documents(crds));
  // With the CRDs, so that this one file is enough on any cluster.
  files.set('operator.yaml', documents([...crds, ...renderOperator(operator), ...renderProtection()]));
  // Without the CRDs: those are the cluster's, and who installs this need not be its administrator.
  files.set('operator-namespaced.yaml', documents(renderOperator({ ...operator, onlyNamespace: team })));
  for (const example of globSync('**/*.yaml', { cwd: join(root, 'examples') }).sort()) {
    const text = readFileSync(join(root, 'examples', example), 'utf8');
    // Of a backup or a restore no objects are made in advance.
    if (parse(text).kind !== KIND) continue;
    const manifests = exampleManifests(text);
    for (const [component, objects] of Object.entries(manifests).filter(([, list]) => list.length > 0))
      files.set(join(example.replace(/\.yaml$/, ''), `${component}.yaml`), documents(objects));
  }
  for (const [path, text] of monitoringFiles(settings.runbooks)) files.set(join('monitoring', path), text);
  return files;
}

type OperatorVariables = Pick<OperatorOptions, 'dashboardPort' | 'tracing' | 'runbooks'>;

/** Variables of whoever asks that the operator is to have as well, as it reads them. */
function operatorVariables(): OperatorVariables {
  try {
    const { DASHBOARD_PORT, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER_ARG, RUNBOOKS_URL } =
      process.env;
    const { dashboardPort, tracing, runbooks } = settingsFrom({
      DASHBOARD_PORT,
      OTEL_EXPORTER_OTLP_ENDPOINT,
      OTEL_TRACES_SAMPLER_ARG,
      RUNBOOKS_URL,
    });
    return {
      ...(dashboardPort === undefined ? {} : { dashboardPort }),
      ...(tracing === undefined ? {} : { tracing }),
      ...(runbooks === undefined ? {} : { runbooks }),
    };
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

function documents(manifests: Manifest[]): string {
  return manifests
    .map((manifest) => stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 110 }))
    .join('---\n');
}

if (import.meta.main) {
  const dist = join(root, 'dist');
  const files = distribution(
    process.env.OPERATOR_IMAGE || 'cryptosense-operator:dev',
    process.env.WATCH_NAMESPACE || TEAM,
    operatorVariables(),
  );
  // dist/bin is the command line's (npm run cli:build).
  for (const entry of globSync('*', { cwd: dist }).filter((name) => name !== 'bin'))
    rmSync(join(dist, entry), { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(join(dist, path, '..'), { recursive: true });
    writeFileSync(join(dist, path), text);
  }
  console.log(`wrote ${files.size} files to dist/`);
}
