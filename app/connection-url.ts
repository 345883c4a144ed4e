import { readFileSync } from 'node:fs';

/**
 * Where a connection URL with a password comes from. A URL in a file belongs to a mounted Secret: it is read
 * again for every new connection, so that a rotated password works without a restart.
 */
export interface ConnectionUrl {
  /** The file that holds the URL; absent when the URL itself was given. */
  readonly file?: string;
  /** The URL as it is now. Throws when the file is gone or holds no URL; the message never holds the value. */
  read(): URL;
}

/** A URL that cannot be used. `found` is safe to print: it describes the value and never repeats it. */
export class ConnectionUrlError extends Error {
  override name = 'ConnectionUrlError';
  readonly found: string;

  constructor(found: string) {
    super(found);
    this.found = found;
  }
}

/** A URL given as such. Throws ConnectionUrlError unless it has one of the schemes (`postgresql:`) and a host. */
export function fixedUrl(value: string, schemes: readonly string[]): ConnectionUrl {
  const url = parse(value, schemes);
  return { read: () => url };
}

/** A URL in a file, checked now and read again on each `read()`. Throws ConnectionUrlError. */
export function urlInFile(file: string, schemes: readonly string[]): ConnectionUrl {
  const read = () => {
    let value: string;
    try {
      value = readFileSync(file, 'utf8').trim();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      throw new ConnectionUrlError(`the file ${file}, which cannot be read (${code})`);
    }
    if (value === '') throw new ConnectionUrlError(`the file ${file}, which is empty`);
    return parse(value, schemes);
  };
  read();
  return { file, read };
}

function parse(value: string, schemes: readonly string[]): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url) throw new ConnectionUrlError('a value that is no URL (not shown, it may hold a password)');
  if (!schemes.includes(url.protocol))
    throw new ConnectionUrlError(`a URL with the scheme "${url.protocol}"`);
  if (url.hostname === '') throw new ConnectionUrlError('a URL without a host');
  return url;
}
