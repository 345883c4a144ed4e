import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { ProcessConfig, TracingConfig } from '../config.ts';
import { within } from '../deadline.ts';
import { traceWith } from './trace.ts';

export interface Tracing {
  /** Sends what is left, for two seconds at most. */
  end(): Promise<void>;
}

const FLUSH_MS = 2_000;

/**
 * Sends spans to an OTLP collector, in the background and in batches; with the collector gone they are dropped.
 * Loaded only where an endpoint is configured: it costs a start some milliseconds and megabytes.
 */
export function startTracing(service: string, config: ProcessConfig, tracing: TracingConfig): Tracing {
  const { endpoint, share } = tracing;
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: 5_000 });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.version': config.version,
      'deployment.environment.name': config.environment,
    }),
    // Who called decides for its own traces, so that none of them is torn.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
  });
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  traceWith(provider.getTracer(service, config.version));
  return {
    end: async () => {
      traceWith(undefined);
      context.disable();
      await within(FLUSH_MS, 'the trace collector', provider.shutdown()).catch(() => {});
    },
  };
}
