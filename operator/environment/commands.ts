import type { Environment } from '../api/resolved.ts';
import { ASKED_BY } from '../api/well-known.ts';
import { type Command, VERBS, type Verb } from '../rollout/state.ts';

/** The annotation by which this is asked for. */
export function annotationOf(verb: Verb): string {
  return `cryptosense.io/${verb}`;
}

/** What people ask of the releases by annotation, for example cryptosense.io/promote: 5-0a1b2c3d4e. */
export function commandsOf({ metadata: { annotations = {} } }: Pick<Environment, 'metadata'>): Command[] {
  const by = annotations[ASKED_BY];
  return VERBS.flatMap((verb) => {
    const target = annotations[annotationOf(verb)];
    return target === undefined ? [] : [{ verb, target, ...(by === undefined ? {} : { by }) }];
  });
}

/** Annotations without those of commands that are done; null takes one away (JSON merge patch). */
export function cleared(
  { metadata: { annotations = {} } }: Pick<Environment, 'metadata'>,
  done: readonly Verb[],
): Record<string, null> {
  const gone = done.map(annotationOf);
  const left = VERBS.map(annotationOf).some((key) => key in annotations && !gone.includes(key));
  const by = !left && ASKED_BY in annotations ? [ASKED_BY] : [];
  return Object.fromEntries([...gone, ...by].map((key) => [key, null]));
}
