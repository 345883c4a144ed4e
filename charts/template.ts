import type { ResolvedEnvironment } from '../operator/api/resolved.ts';
import { shortHash } from '../operator/api/short-hash.ts';

/** No environment has such a name, and JSON writes it as it is. */
const NAME = '⟨name⟩';
const NAMESPACE = '⟨namespace⟩';

/** The annotation that rolls pods when their settings change: pods do not see a new ConfigMap by themselves. */
export const SETTINGS_HASH = 'cryptosense.io/settings-hash';

/** An environment to render a template from, which `filledIn` makes the objects of any environment with this spec of. */
export function placeholder({ spec }: ResolvedEnvironment): ResolvedEnvironment {
  return { name: NAME, namespace: NAMESPACE, spec };
}

/** Whether a text, such as a spec in JSON, would be taken for a part of a template. */
export function looksLikeTemplate(text: string): boolean {
  return text.includes(NAME) || text.includes(NAMESPACE);
}

/** What the annotation SETTINGS_HASH says about settings; in a template it is the settings themselves. */
export function settingsHash(settings: Record<string, string>): string {
  const entries = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(entries);
  return looksLikeTemplate(text) ? text : shortHash(text);
}

/**
 * The objects of a template for one environment: equal to those that the charts render for it. What holds no name is
 * shared with the template.
 */
export function filledIn<T>(
  template: T,
  { name, namespace }: Pick<ResolvedEnvironment, 'name' | 'namespace'>,
): T {
  const text = (value: string) => replaced(replaced(value, NAME, name), NAMESPACE, namespace);
  const fill = (value: unknown, field?: string): unknown => {
    if (typeof value === 'string') {
      if (!value.includes('⟨')) return value;
      return field === SETTINGS_HASH && looksLikeTemplate(value) ? shortHash(text(value)) : text(value);
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item) => fill(item));
      return items.every((item, index) => item === value[index]) ? value : items;
    }
    let filled: [string, unknown][] | undefined;
    for (const key of Object.keys(value)) {
      const before = (value as Record<string, unknown>)[key];
      const after = fill(before, key);
      const name = key.includes('⟨') ? text(key) : key;
      if (filled === undefined && after === before && name === key) continue;
      filled ??= upTo(value, key);
      filled.push([name, after]);
    }
    return filled ? Object.fromEntries(filled) : value;
  };
  return fill(template) as T;
}

/** As `replaceAll`, whose result is not a text of its own in V8 but a tree of parts of the other one, all of which it keeps. */
const replaced = (text: string, part: string, by: string) => text.split(part).join(by);

/** The fields before the one with this name. */
function upTo(value: object, name: string): [string, unknown][] {
  const fields = Object.entries(value);
  return fields.slice(
    0,
    fields.findIndex(([key]) => key === name),
  );
}
