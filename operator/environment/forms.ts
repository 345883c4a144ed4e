import { type EffectiveSpec, effectiveSpec } from '../api/effective-spec.ts';
import type { Manifest, ResolvedEnvironment } from '../api/resolved.ts';
import { shortHash } from '../api/short-hash.ts';
import { canonicalJson } from '../rollout/revision.ts';

/**
 * The form of a component is what its pods are made from: its ConfigMaps, Deployments and StatefulSets as they were
 * rendered. A new version of the operator may render them in another way, and must not restart a database for that.
 * So the forms are kept in a ControllerRevision and written on as they were, until the user changes the
 * component, asks for it (REFRESH), or the maintenance window opens.
 */
export interface Form {
  /** Hash of what the user can say about the component. */
  inputs: string;
  /** Hash of the manifests. */
  hash: string;
  manifests: Manifest[];
}

/** The newest ControllerRevision with forms, by component. */
export interface FormRecord {
  number: number;
  forms: Record<string, Form>;
}

/** A component as this version of the operator renders it. */
export interface RenderedComponent {
  manifests: Manifest[];
  /** Hash of those of them that make its form. */
  hash: string;
  /** What else than the spec it follows at once: the predictor follows the release that serves. */
  follows?: unknown;
}

/** Any new value of this annotation of the environment brings every component into its newest form at once. */
export const REFRESH = 'cryptosense.io/refresh';

const KINDS = new Set(['ConfigMap', 'Deployment', 'StatefulSet']);

export interface Forms {
  /** Every object of every component, in the form in which it is to be written. */
  manifests: Manifest[];
  /** To be kept before anything of it is written, when it is not what is kept already. */
  record?: FormRecord;
  /** Components that run in an older form than this operator would give them. */
  outdated: string[];
}

/**
 * Chooses between the kept and the rendered form of each component. Pure.
 * `renew`: outdated components may be renewed now; one at a time is, the first in the order of `rendered`.
 */
export function chooseForms(
  environment: ResolvedEnvironment,
  rendered: Record<string, RenderedComponent>,
  kept: FormRecord | undefined,
  { refresh = '', renew }: { refresh?: string; renew: boolean },
): Forms {
  const forms: Record<string, Form> = {};
  const outdated: string[] = [];
  let mayRenew = renew;
  for (const [component, { manifests, hash, follows }] of Object.entries(rendered)) {
    const own = manifests.filter(({ kind }) => KINDS.has(kind));
    if (own.length === 0) continue;
    const inputs = inputsOf(component, environment, refresh, follows);
    const before = kept?.forms[component];
    const isOutdated = before !== undefined && before.inputs === inputs && before.hash !== hash;
    if (isOutdated && !mayRenew) {
      outdated.push(component);
      forms[component] = before;
      continue;
    }
    if (isOutdated) mayRenew = false;
    forms[component] = { inputs, hash, manifests: own };
  }
  const manifests = Object.entries(rendered).flatMap(([component, { manifests: all }]) => [
    ...(forms[component]?.manifests ?? []),
    ...all.filter(({ kind }) => !forms[component] || !KINDS.has(kind)),
  ]);
  if (kept && identity(forms) === identity(kept.forms)) return { manifests, outdated };
  return { manifests, outdated, record: { number: (kept?.number ?? 0) + 1, forms } };
}

export function renderedComponent(manifests: Manifest[], follows?: unknown): RenderedComponent {
  const hash = digest(manifests.filter(({ kind }) => KINDS.has(kind)));
  return { manifests, hash, ...(follows === undefined ? {} : { follows }) };
}

function inputsOf(
  component: string,
  { spec }: ResolvedEnvironment,
  refresh: string,
  follows: unknown,
): string {
  // The Sentinels are made of what is said about the cache, and have to change with it.
  const field = component === 'sentinel' ? 'cache' : component;
  const known = HASHES.get(spec) ?? new Map<string, string>();
  const key = canonicalJson([field, refresh, follows]);
  const hash = known.get(key) ?? hashOf(spec, field, refresh, follows);
  if (Object.isFrozen(spec)) HASHES.set(spec, known.set(key, hash));
  return hash;
}

/** Of specs that are frozen: they are looked at in every reconciliation of every environment that has one. */
const HASHES = new WeakMap<EffectiveSpec, Map<string, string>>();

function hashOf(spec: EffectiveSpec, field: string, refresh: string, follows: unknown): string {
  const own = (spec as unknown as Record<string, unknown>)[field];
  const { tier, scheduling, images } = spec;
  const exporters = EXPORTED.includes(field) ? askedExporters(spec) : undefined;
  return digest({
    own,
    tier,
    scheduling,
    images,
    refresh,
    ...(follows === undefined ? {} : { follows }),
    ...(exporters === undefined ? {} : { exporters }),
  });
}

/** Components whose pods may have an exporter. */
const EXPORTED = ['database', 'pooler', 'cache'];

/** What is not the tier's default: an operator with another default must not restart a pod. */
function askedExporters({ tier, observability: { exporters } }: EffectiveSpec): object | undefined {
  const usual = effectiveSpec({ tier, release: { image: '' } }).observability.exporters;
  return canonicalJson(usual) === canonicalJson(exporters) ? undefined : exporters;
}

function identity(forms: Record<string, Form>): string {
  return canonicalJson(
    Object.entries(forms)
      .map(([name, { inputs, hash }]) => [name, inputs, hash])
      .sort(),
  );
}

function digest(value: unknown): string {
  return shortHash(canonicalJson(value));
}
