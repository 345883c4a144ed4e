import { KIND } from '../../../operator/api/well-known.ts';

/** A resource that has to be refused, and a part of the sentence, or the form of it, that a person reads then. */
export interface Refused {
  kind: string;
  name: string;
  /** What is there already, when the mistake is a change. */
  before?: Resource;
  resource: Resource;
  sentence: string | RegExp;
}

export type Spec = Record<string, unknown>;
type Resource = { metadata: { name: string }; spec: Spec };

let number = 0;

export function refused(
  kind: string,
  name: string,
  sentence: string | RegExp,
  spec: Spec,
  before?: Spec,
): Refused {
  number += 1;
  const metadata = { name: `wrong-${number}` };
  return {
    kind,
    name,
    sentence,
    resource: { metadata, spec },
    ...(before ? { before: { metadata, spec: before } } : {}),
  };
}

export const release = { image: 'cryptosense-api:1.0.0' };
const local = (spec: Spec = {}) => ({ tier: 'local', release, ...spec });

/** An environment of tier local with these fields. */
export function environment(name: string, sentence: string | RegExp, spec: Spec, before?: Spec): Refused {
  return refused(KIND, name, sentence, local(spec), before && local(before));
}
