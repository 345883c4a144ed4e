import { GROUP } from '../operator/api/well-known.ts';
import { KubeError } from '../operator/kube/errors.ts';
import { CliError, EXIT, type ExitCode } from './exit.ts';

/** What the sentence of a failure names. */
export interface Asked {
  /** Address of the API server, when it is known. */
  server?: string;
  context?: string;
}

export interface Failure {
  sentence: string;
  exitCode: ExitCode;
}

/** One sentence for every failure that can be foreseen; undefined for a mistake of the program. Pure. */
export function failureOf(error: unknown, asked: Asked = {}): Failure | undefined {
  if (error instanceof CliError) return { sentence: error.message, exitCode: error.exitCode };
  if (!(error instanceof KubeError)) return undefined;
  const at = `${asked.server ?? 'the server'}${asked.context ? ` (context ${asked.context})` : ''}`;
  const said = wordsOf(error);
  if (error.reason === 'Credentials')
    return {
      sentence: `The login to ${at} does not work: ${said}. Log in again, or name another --context.`,
      exitCode: EXIT.rights,
    };
  if (error.code === 0)
    return {
      sentence: `No cluster answers at ${at}: ${said}. Check --context, --kubeconfig and whether the cluster runs.`,
      exitCode: EXIT.cluster,
    };
  if (error.code === 401)
    return {
      sentence: `${at} does not know who you are: ${said}. Log in again, or name another --context.`,
      exitCode: EXIT.rights,
    };
  if (error.code === 403) return { sentence: forbidden(said), exitCode: EXIT.rights };
  if (isUnknownType(error)) return { sentence: notInstalled(at), exitCode: EXIT.cluster };
  if (error.code === 404) return { sentence: `Not found: ${said}.`, exitCode: EXIT.notFound };
  return { sentence: `${at} refuses: ${said}.`, exitCode: EXIT.no };
}

/** 404 about a type has no name in its details: the CRDs are not there. */
function isUnknownType({ code, details, message }: KubeError): boolean {
  return code === 404 && details.name === undefined && message.includes(`/apis/${GROUP}/`);
}

function notInstalled(at: string): string {
  return `The CryptoSense operator is not installed at ${at}: it has no resource of ${GROUP}. Install it with kubectl apply -f dist/operator.yaml, or name another --context.`;
}

function forbidden(said: string): string {
  // An admission policy refuses with 403, too, and says itself what to do.
  const isRight = /\b[Uu]ser "[^"]*" cannot\b/.test(said);
  return isRight
    ? `You may not do this: ${said}. Ask whoever gives rights in this cluster for it.`
    : `Refused: ${said}.`;
}

/** The server's own words, without what was asked and without codes. */
function wordsOf(error: KubeError): string {
  const [, words] = /^\S+ \S+: (?:\d+ )?\w+: ([\s\S]*)$/.exec(error.message) ?? [];
  return (words ?? error.message).trim().replace(/\.$/, '');
}
