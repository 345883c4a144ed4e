import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { unlessAborted } from './kube/clock.ts';
import type { Log } from './kube/log.ts';
import { type Facts, type Spans, spansGoTo } from './kube/spans.ts';
import type { TracingSettings } from './settings.ts';

export interface Tracing {
  /** Sends what is left, for two seconds at most. Never throws. */
  end(): Promise<void>;
}

const FLUSH_MS = 2_000;
const EXPORT_MS = 5_000;
const BATCH_MS = 1_000;

/**
 * Sends spans to an OTLP collector, in the background and in batches of a second. What a collector that is gone does not
 * take is dropped, 2,048 spans are kept for it at most; that it is gone is said once. Loaded only where an endpoint is
 * configured.
 */
export function startTracing(options: {
  tracing: TracingSettings;
  version: string;
  /** Of this process, among those of the same Deployment. */
  instance: string;
  log: Log;
}): Tracing {
  const { tracing, version, instance, log } = options;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'cryptosense-operator',
      'service.version': version,
      'service.instance.id': instance,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(tracing.share) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: saying(
          new OTLPTraceExporter({ url: `${tracing.endpoint}/v1/traces`, timeoutMillis: EXPORT_MS }),
          new URL(tracing.endpoint).host,
          log,
        ),
        scheduledDelayMillis: BATCH_MS,
        exportTimeoutMillis: EXPORT_MS,
      }),
    ],
  });
  spansGoTo(new OtlpSpans(provider.getTracer('cryptosense-operator', version)));
  return {
    end: async () => {
      spansGoTo(undefined);
      await unlessAborted(provider.shutdown(), AbortSignal.timeout(FLUSH_MS)).catch(() => {});
    },
  };
}

class OtlpSpans implements Spans {
  readonly #tracer: ReturnType<TracerProvider['getTracer']>;
  readonly #running = new AsyncLocalStorage<Span>();

  constructor(tracer: ReturnType<TracerProvider['getTracer']>) {
    this.#tracer = tracer;
  }

  root<T>(name: string, facts: Facts, work: () => Promise<T>): Promise<T> {
    const options = { kind: SpanKind.CONSUMER, attributes: { ...facts } };
    return this.#around(this.#tracer.startSpan(name, options, ROOT_CONTEXT), work);
  }

  inside<T>(name: string, facts: Facts, work: () => T): T {
    const parent = this.#running.getStore();
    const context = parent ? trace.setSpan(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const kind = 'http.request.method' in facts ? SpanKind.CLIENT : SpanKind.INTERNAL;
    return this.#around(this.#tracer.startSpan(name, { kind, attributes: { ...facts } }, context), work);
  }

  tell(facts: Facts): void {
    this.#running.getStore()?.setAttributes({ ...facts });
  }

  fail(error: unknown): void {
    const span = this.#running.getStore();
    if (span) failed(span, error);
  }

  ids(): { trace_id: string; span_id: string } {
    const { traceId = '', spanId = '' } = this.#running.getStore()?.spanContext() ?? {};
    return { trace_id: traceId, span_id: spanId };
  }

  /** What a reconciliation leaves behind, such as a timer, runs on after its end and is no part of it any more. */
  isRunning(): boolean {
    return this.#running.getStore()?.isRecording() === true;
  }

  #around<T>(span: Span, work: () => T): T {
    const failedWith = (error: unknown): never => {
      failed(span, error);
      span.end();
      throw error;
    };
    try {
      const result = this.#running.run(span, work);
      if (!(result instanceof Promise)) {
        span.end();
        return result;
      }
      const ended = result.then((value) => {
        span.end();
        return value;
      }, failedWith);
      return ended as T;
    } catch (error) {
      return failedWith(error);
    }
  }
}

/** The kind of failure alone: a message may have values in it, and is in the log, with the trace's id. */
function failed(span: Span, error: unknown): void {
  const { reason, code } = error as { reason?: unknown; code?: unknown };
  const type = error instanceof Error ? error.name : typeof error;
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', typeof reason === 'string' ? reason : type);
  if (typeof code === 'number' && code > 0) span.setAttribute('http.response.status_code', code);
}

/** A collector that does not take what it is sent is said once, and once that it does again. */
function saying(exporter: OTLPTraceExporter, collector: string, log: Log): SpanExporter {
  let isGone = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined;
        if (failed && !isGone)
          log.warn('traces are lost: the collector does not take them', { collector, error: result.error });
        if (!failed && isGone) log.info('the collector takes traces again', { collector });
        isGone = failed;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
