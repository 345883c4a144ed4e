import type { Environment } from '../api/resolved.ts';
import type { Notification } from '../api/status.ts';

/** Where a message leads to: the form of the spec with its fields filled in, else the API itself, if it has an address. */
export function linkOf(
  { metadata, spec, status }: Environment,
  { release }: Pick<Notification, 'release'>,
): string | undefined {
  const form = spec.notifications?.link;
  if (form === undefined) return status?.endpoint?.startsWith('http') ? status.endpoint : undefined;
  const fields: Record<string, string> = {
    namespace: metadata.namespace,
    name: metadata.name,
    revision: release?.revision ?? '',
    number: String(release?.number ?? ''),
  };
  return form.replaceAll(/[{](\w+)[}]/g, (_, field: string) => encodeURIComponent(fields[field] ?? ''));
}
