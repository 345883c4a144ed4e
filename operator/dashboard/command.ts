import type { IncomingMessage } from 'node:http';
import type { Environment } from '../api/resolved.ts';
import { ASKED_BY } from '../api/well-known.ts';
import { annotationOf, commandsOf } from '../environment/commands.ts';
import { RESOURCES } from '../environment/resources.ts';
import { mergePatch } from '../kube/apply.ts';
import { VERBS, type Verb } from '../rollout/state.ts';
import { Refusal } from './refusal.ts';
import type { Viewer } from './viewer.ts';

const LONGEST_BYTES = 4_096;
/** `<number>-<revision>`, as the operator reads it. */
const TARGET = /^\d{1,9}-[0-9a-z]{1,16}$/;

export interface Asked {
  verb: Verb;
  target: string;
}

/** The command of a request's body. Throws a Refusal that says what is wrong with it. */
export async function commandIn(request: IncomingMessage): Promise<Asked> {
  // A form of another site can send no JSON; the token in a header, which it cannot send either, is what protects.
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new Refusal(415, 'Send the command as application/json.');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_BYTES) throw new Refusal(413, `A command has at most ${LONGEST_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const { verb, target } = parsed(Buffer.concat(chunks).toString('utf8'));
  const known = VERBS.find((one) => one === verb);
  if (known === undefined) throw new Refusal(400, `verb has to be one of ${VERBS.join(', ')}.`);
  if (typeof target !== 'string' || !TARGET.test(target))
    throw new Refusal(400, 'target has to name a release as <number>-<revision>, for example 5-0a1b2c3d4e.');
  return { verb: known, target };
}

function parsed(text: string): { verb?: unknown; target?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {}
  throw new Refusal(400, 'Send a command as {"verb": "promote", "target": "5-0a1b2c3d4e"}.');
}

/**
 * Writes the command down in the environment with the viewer's own token, and the name that the API server knows them by:
 * so its roles and its admission policies judge the person who asks. Throws KubeError, and a
 * Refusal while another command is under way.
 */
export async function give(viewer: Viewer, environment: Environment, { verb, target }: Asked): Promise<void> {
  // One name stands for all commands that are written down: with a second person's it would be wrong for the first.
  const [pending] = commandsOf(environment);
  if (pending)
    throw new Refusal(409, `The command ${pending.verb} is being carried out: try again in a moment.`);
  const { namespace, name } = environment.metadata;
  const annotations = { [annotationOf(verb)]: target, [ASKED_BY]: await viewer.user() };
  await mergePatch(
    viewer.client,
    RESOURCES.environments,
    namespace,
    name,
    { metadata: { annotations } },
    { fieldManager: 'cryptosense-dashboard', timeoutMs: 10_000 },
  );
}
