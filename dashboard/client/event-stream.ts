/** An answer that is none: the message is a sentence of the operator's or of the API server's. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type OnEvent = (event: string, data: unknown) => void;

/**
 * Server-sent events with a token in a header, which EventSource cannot send. Resolves when the server ends them; rejects with
 * Refused when it refuses, and with another error when the connection breaks.
 */
export async function followEvents(
  path: string,
  token: string,
  on: OnEvent,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(path, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
    signal,
  });
  if (!response.ok || !response.body) throw await refusalOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const messages = (rest + value).split('\n\n');
    rest = messages.pop() ?? '';
    for (const message of messages) {
      const { event, data } = parsed(message);
      if (event === 'refused') {
        const { status, message: why } = data as { status: number; message: string };
        throw new Refused(status, why);
      }
      if (event !== undefined) on(event, data);
    }
  }
}

/** Sends a command; rejects with Refused. */
export async function sendCommand(
  key: string,
  token: string,
  command: { verb: string; target: string },
): Promise<void> {
  const response = await fetch(`/api/environments/${key}/commands`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(command),
  });
  if (!response.ok) throw await refusalOf(response);
}

async function refusalOf(response: Response): Promise<Refused> {
  const { message } = (await response.json().catch(() => ({}))) as { message?: string };
  return new Refused(response.status, message ?? `The operator answers ${response.status}.`);
}

function parsed(message: string): { event?: string; data?: unknown } {
  const lines = message.split('\n');
  const of = (field: string) => lines.find((line) => line.startsWith(field))?.slice(field.length);
  const event = of('event: ');
  return event === undefined ? {} : { event, data: JSON.parse(of('data: ') ?? 'null') };
}
