import { readFileSync } from 'node:fs';
import { type Document, parseAllDocuments } from 'yaml';
import { API_VERSION, KIND } from '../../operator/api/well-known.ts';
import { ASSUMED } from '../../operator/preview/behaviour.ts';
import type { Written } from '../../operator/preview/cluster.ts';
import { exitCodeOf, type Preview, previewOf } from '../../operator/preview/preview.ts';
import { textOf } from '../../operator/preview/text.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import type { Session } from '../session.ts';

export interface PlanOptions {
  filename: string;
  /** Milliseconds. */
  podStart?: number;
  job?: number;
}

/** `plan`: what would happen if the environments of a file were applied now. Nothing is written. */
export async function plan(
  session: Session,
  { filename, podStart = ASSUMED.podStartMs, job = ASSUMED.jobMs }: PlanOptions,
): Promise<ExitCode> {
  const written = environmentsOf(read(filename), filename, session.namespace);
  const assumptions = { podStartMs: podStart, jobMs: job };
  const previews: Preview[] = [];
  for (const one of written)
    previews.push(await previewOf(session.client, one, { now: session.now(), assumptions }));
  const shown = previews.map((preview) => ({ ...preview, exitCode: exitCodeOf(preview) }));
  show(session, shown.length === 1 ? shown[0] : shown, () => [previews.map(textOf).join('\n').trimEnd()]);
  const codes = previews.map(exitCodeOf);
  if (codes.includes(1)) return EXIT.no;
  return codes.includes(2) ? EXIT.changes : EXIT.done;
}

/** The environments of a file with one or more documents; what else is in it is left alone. */
function environmentsOf(text: string, file: string, namespace: string): Written[] {
  const documents = parseAllDocuments(text) as Document[];
  const broken = documents.flatMap(({ errors }) => errors)[0];
  if (broken) throw wrong(`${file} is no YAML: ${broken.message.split('\n')[0]}`);
  const objects = documents.map(
    (document) => document.toJS() as Partial<Written & { apiVersion: string; kind: string }> | null,
  );
  const found = objects.filter((object) => object?.kind === KIND && object.apiVersion === API_VERSION);
  if (found.length === 0) throw wrong(`${file} has no ${KIND} of ${API_VERSION}`);
  return found.map((object) => {
    const { metadata, spec } = object as Written;
    if (typeof metadata?.name !== 'string') throw wrong(`${file}: an environment has no metadata.name`);
    return { metadata: { ...metadata, namespace: metadata.namespace ?? namespace }, spec };
  });
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw wrong(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function wrong(sentence: string): CliError {
  return new CliError(sentence, EXIT.usage);
}
