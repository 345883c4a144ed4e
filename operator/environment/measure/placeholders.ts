import type { Environment } from '../../api/resolved.ts';
import type { PLACEHOLDERS } from '../../api/spec/metric.ts';

/** Fills in what a query, an address or an argument may name of the environment: {{revision}} and so on. */
export function filled(text: string, { metadata, status }: Pick<Environment, 'metadata' | 'status'>): string {
  const values: Record<(typeof PLACEHOLDERS)[number], string> = {
    revision: status?.candidate?.revision ?? '',
    stable: status?.stable?.revision ?? '',
    namespace: metadata.namespace,
    environment: metadata.name,
  };
  return Object.entries(values).reduce((all, [name, value]) => all.replaceAll(`{{${name}}}`, value), text);
}
