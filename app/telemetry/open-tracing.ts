import type { HttpConfig } from '../config.ts';
import type { Tracing } from './tracing.ts';

/** Traces of this process under the name of its service; undefined, and nothing loaded, where no collector is configured. */
export async function openTracing(service: string, config: HttpConfig): Promise<Tracing | undefined> {
  if (!config.tracing) return undefined;
  const { startTracing } = await import('./tracing.ts');
  return startTracing(service, config, config.tracing);
}
