import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Document, parseAllDocuments } from 'yaml';
import { milliseconds } from '../operator/api/duration.ts';
import { API_VERSION, KIND } from '../operator/api/well-known.ts';
import { KubeError } from '../operator/kube/errors.ts';
import { defaultKubeConfig } from '../operator/kube/kubeconfig.ts';
import { KubeClient } from '../operator/kube/transport.ts';
import { ASSUMED } from '../operator/preview/behaviour.ts';
import type { Written } from '../operator/preview/cluster.ts';
import { exitCodeOf, type Preview, previewOf } from '../operator/preview/preview.ts';
import { textOf } from '../operator/preview/text.ts';

const USAGE = `What would happen if a CryptoSenseEnvironment were applied now. Nothing is written.

  npm run plan -s -- -f <file.yaml or -> [-n <namespace>] [-o text|json] [--pod-start 10s] [--job 10s]

Ends with 0 when there is nothing to do, 2 when something would be changed, 1 when something is refused or cannot be asked.
`;

/** A mistake of whoever typed the command: the message is all that is shown. */
class UsageError extends Error {}

function optionsOf(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        filename: { type: 'string', short: 'f' },
        namespace: { type: 'string', short: 'n' },
        output: { type: 'string', short: 'o', default: 'text' },
        'pod-start': { type: 'string' },
        job: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function lengthOf(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  try {
    return milliseconds(text);
  } catch {
    throw new UsageError(`${option} is "${text}": write a duration such as 30s or 2m`);
  }
}

/** The environments of a file with one or more documents; what else is in it is left alone. */
function environmentsOf(text: string, file: string, namespace: string): Written[] {
  const documents = parseAllDocuments(text) as Document[];
  const broken = documents.flatMap(({ errors }) => errors)[0];
  if (broken) throw new UsageError(`${file} is no YAML: ${broken.message.split('\n')[0]}`);
  const objects = documents.map(
    (document) => document.toJS() as Partial<Written & { apiVersion: string; kind: string }> | null,
  );
  const found = objects.filter((object) => object?.kind === KIND && object.apiVersion === API_VERSION);
  if (found.length === 0) throw new UsageError(`${file} has no ${KIND} of ${API_VERSION}`);
  return found.map((object) => {
    const { metadata, spec } = object as Written;
    if (typeof metadata?.name !== 'string')
      throw new UsageError(`${file}: an environment has no metadata.name`);
    return { metadata: { ...metadata, namespace: metadata.namespace ?? namespace }, spec };
  });
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function kubeConfig() {
  try {
    return defaultKubeConfig();
  } catch (error) {
    throw new UsageError(`the cluster is not known, KUBECONFIG cannot be read: ${(error as Error).message}`);
  }
}

async function run(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { filename, output } = options;
  if (filename === undefined) throw new UsageError('name a file with -f, or - for standard input');
  if (output !== 'text' && output !== 'json') throw new UsageError(`-o is "${output}": write text or json`);
  const assumptions = {
    podStartMs: lengthOf('--pod-start', options['pod-start'], ASSUMED.podStartMs),
    jobMs: lengthOf('--job', options.job, ASSUMED.jobMs),
  };
  const config = kubeConfig();
  const namespace =
    options.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  const written = environmentsOf(read(filename), filename, namespace);
  const client = KubeClient.fromKubeConfig(config, { userAgent: 'cryptosense-plan' });
  const previews: Preview[] = [];
  try {
    for (const one of written) previews.push(await previewOf(client, one, { now: Date.now(), assumptions }));
  } finally {
    await client.close();
  }
  const shown = previews.map((preview) => ({ ...preview, exitCode: exitCodeOf(preview) }));
  process.stdout.write(
    output === 'json'
      ? `${JSON.stringify(shown.length === 1 ? shown[0] : shown, undefined, 2)}\n`
      : previews.map(textOf).join('\n'),
  );
  const codes = previews.map(exitCodeOf);
  return codes.includes(1) ? 1 : Math.max(...codes);
}

try {
  process.exitCode = await run();
} catch (error) {
  process.exitCode = 1;
  if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else if (error instanceof KubeError) console.error(`The cluster cannot be asked: ${error.message}`);
  else throw error;
}
