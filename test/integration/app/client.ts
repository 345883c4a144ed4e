import { randomUUID } from 'node:crypto';
import type { Json } from './world.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON answer, as far as a test looks into it.
  readonly body: any;
}

export const PASSWORD = 'correct horse battery';

/** Every request comes from another address unless a test says otherwise: limits by address are not met by chance. */
const anywhere = () => `2001:db8::${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}`;

/** A client of an API, with or without a token. */
export class Client {
  readonly url: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Record<string, string> = {}) {
    this.url = url;
    this.#headers = headers;
  }

  /** A new account with a session; the address is one that nobody else has. */
  static async registered(url: string, email = `${randomUUID()}@example.com`): Promise<Client> {
    const stranger = new Client(url);
    const made = await stranger.post('/auth/register', { email, password: PASSWORD });
    if (made.status !== 201) throw new Error(`the registration was answered with ${made.status}`);
    const { body } = await stranger.post('/auth/login', { email, password: PASSWORD });
    return stranger.with({ authorization: `Bearer ${body.token}` });
  }

  /** The same client with these headers, at another replica when `url` is given. */
  with(headers: Record<string, string>, url = this.url): Client {
    return new Client(url, { ...this.#headers, ...headers });
  }

  get token(): string {
    return this.#headers.authorization?.replace('Bearer ', '') ?? '';
  }

  get = (path: string) => this.send('GET', path);
  post = (path: string, body?: unknown) => this.send('POST', path, body);
  put = (path: string, body?: unknown) => this.send('PUT', path, body);
  patch = (path: string, body?: unknown) => this.send('PATCH', path, body);
  delete = (path: string, body?: unknown) => this.send('DELETE', path, body);

  async send(method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        'x-forwarded-for': anywhere(),
        ...this.#headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Json),
    };
  }
}
