import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly isFailed: boolean;
  readonly startMs: number;
  readonly endMs: number;
}

type Value = { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean };
type Attributes = { key: string; value: Value }[];
interface Sent {
  resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: {
      spans: {
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        name: string;
        attributes: Attributes;
        status: { code: number };
        startTimeUnixNano: string;
        endTimeUnixNano: string;
      }[];
    }[];
  }[];
}

/** OTLP's code of a span that failed. */
const FAILED = 2;

/** What an OTLP collector is: it takes spans as JSON over HTTP, and keeps them for a test. */
export class Collector {
  readonly spans: Span[] = [];
  readonly bodies: string[] = [];
  /** Answers no request while this is true. */
  isSilent = false;
  /** Answers 400 to every request while this is true. */
  refuses = false;
  /** How often it did. */
  refused = 0;
  #server: Server | undefined;

  /** Returns its address. */
  async start(): Promise<string> {
    this.#server = createServer(async (request, response) => {
      const body = await text(request);
      this.#take(body, response);
    }).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server?.closeAllConnections();
    this.#server?.close();
  }

  named(name: string): Span[] {
    return this.spans.filter((span) => span.name === name);
  }

  #take(body: string, response: ServerResponse): void {
    if (this.isSilent) return;
    if (this.refuses) {
      this.refused += 1;
      response.writeHead(400).end();
      return;
    }
    this.bodies.push(body);
    this.spans.push(...spansOf(JSON.parse(body) as Sent));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }
}

function spansOf({ resourceSpans }: Sent): Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(factsOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) =>
      spans.map(({ attributes, status, startTimeUnixNano, endTimeUnixNano, ...span }) => ({
        ...span,
        service,
        facts: factsOf(attributes),
        isFailed: status.code === FAILED,
        startMs: Number(startTimeUnixNano) / 1e6,
        endMs: Number(endTimeUnixNano) / 1e6,
      })),
    );
  });
}

function factsOf(attributes: Attributes): Span['facts'] {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? '',
    ]),
  );
}
