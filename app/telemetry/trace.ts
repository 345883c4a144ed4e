import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';

let tracer: Tracer | undefined;

/** Set once, by tracing.ts; until then, and without it for ever, what is below costs a comparison. */
export function traceWith(given: Tracer | undefined): void {
  tracer = given;
}

/** A span around `work`, which fails with it. Attributes hold no values of users: never SQL with parameters, never keys. */
export function traced<T>(
  name: string,
  kind: 'client' | 'internal',
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  if (!tracer) return work();
  const spanKind = kind === 'client' ? SpanKind.CLIENT : SpanKind.INTERNAL;
  return tracer.startActiveSpan(name, { kind: spanKind, attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** A span of a request that came in, a child of the caller's `traceparent` when that is well-formed. */
export function tracedRequest<T>(
  method: string,
  traceparent: string,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  if (!tracer) return work(undefined);
  const caller = parse(traceparent);
  const parent = caller ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT;
  const options = { kind: SpanKind.SERVER, attributes: { 'http.request.method': method } };
  return tracer.startActiveSpan(method, options, parent, async (span) => {
    try {
      return await work(span);
    } finally {
      span.end();
    }
  });
}

/** The ids of the span that is running, for a log line; undefined outside of a recorded one. */
export function activeTrace(): { trace_id: string; span_id: string } | undefined {
  if (!tracer) return undefined;
  const span = trace.getSpan(context.active())?.spanContext();
  return span && (span.traceFlags & 1) === 1 ? { trace_id: span.traceId, span_id: span.spanId } : undefined;
}

/** The header by which a called service goes on with the trace; none where nothing is traced. */
export function traceHeaders(): Record<string, string> {
  if (!tracer) return {};
  const span = trace.getSpan(context.active())?.spanContext();
  if (!span) return {};
  return { traceparent: `00-${span.traceId}-${span.spanId}-0${span.traceFlags & 1}` };
}

export const isTracing = (): boolean => tracer !== undefined;

/** W3C Trace Context, version 00. */
function parse(header: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header) ?? [];
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId))
    return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16) & 1, isRemote: true };
}
