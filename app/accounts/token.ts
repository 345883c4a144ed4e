import { createHash, randomBytes } from 'node:crypto';

const RANDOM_BYTES = 32;
const TOKEN = /^cs[sk]_[A-Za-z0-9_-]{43}$/;

/** What a token is for; its first characters say so, to people and to programs that look for leaked ones. */
export type TokenKind = 'session' | 'api-key';

const prefixes = { session: 'css_', 'api-key': 'csk_' } as const satisfies Record<TokenKind, string>;

/** A new token of 256 random bits. */
export function newToken(kind: TokenKind): string {
  return prefixes[kind] + randomBytes(RANDOM_BYTES).toString('base64url');
}

/** What a text is a token for; undefined when it is none. */
export function kindOf(text: string): TokenKind | undefined {
  if (!TOKEN.test(text)) return undefined;
  return text.startsWith(prefixes.session) ? 'session' : 'api-key';
}

/** What is kept of a token: SHA-256 in hex. A token is random, so that nothing slower than this is needed. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
