import { createHash } from 'node:crypto';
import { filledIn, looksLikeTemplate, placeholder } from '../../charts/template.ts';
import type { EffectiveSpec } from '../api/effective-spec.ts';
import type { ResolvedEnvironment } from '../api/resolved.ts';
import { canonicalJson } from '../rollout/revision.ts';

/** Specs that differ in more than names, of which a fleet has a few; what is forgotten is rendered again. */
const MOST = 64;

/**
 * Rendering is the dear part of a plan, and a thousand environments with a few different specs are alike but for their
 * names: each spec is rendered once, and its objects get the names of an environment filled in.
 */
export class Templates<A extends unknown[], T> {
  readonly #render: (environment: ResolvedEnvironment, ...more: A) => T;
  readonly #known = new Map<string, T>();

  /** `render` is pure, and its result is plain JSON. */
  constructor(render: (environment: ResolvedEnvironment, ...more: A) => T) {
    this.#render = render;
  }

  /** What `render` gives for these; parts may be shared with other results. */
  of(environment: ResolvedEnvironment, ...more: A): T {
    const { shape, isPlain } = shapeOf(environment.spec);
    const rest = canonicalJson(more);
    if (!isPlain || looksLikeTemplate(rest)) return this.#render(environment, ...more);
    const key = `${shape} ${rest}`;
    const known = this.#known.get(key);
    this.#known.delete(key);
    const template = known ?? this.#render(placeholder(environment), ...more);
    this.#known.set(key, template);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
    return filledIn(template, environment);
  }
}

interface Shape {
  /** Equal for specs that differ in nothing but the number of replicas, which the charts do not write. */
  shape: string;
  /** False when something in it looks like a part of a template. */
  isPlain: boolean;
}

const SHAPES = new WeakMap<EffectiveSpec, Shape>();

export function shapeOf(spec: EffectiveSpec): Shape {
  const known = SHAPES.get(spec);
  if (known) return known;
  const text = canonicalJson({ ...spec, replicas: 0 });
  const shape = createHash('sha256').update(text).digest('base64');
  const found = { shape, isPlain: !looksLikeTemplate(text) };
  if (Object.isFrozen(spec)) SHAPES.set(spec, found);
  return found;
}
