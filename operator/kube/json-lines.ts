const NEWLINE = 0x0a;

/**
 * Parses a stream of JSON values, one a line. Lines may be cut anywhere, also inside a character. A last line without
 * its end is dropped: the connection was cut inside it. `onBytes` is called for everything received.
 */
export async function* jsonLines<T>(body: AsyncIterable<Buffer>, onBytes: () => unknown): AsyncGenerator<T> {
  let parts: Buffer[] = [];
  for await (const chunk of body) {
    onBytes();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      const line = parts.length === 1 ? parts[0] : Buffer.concat(parts);
      parts = [];
      start = end + 1;
      if (line !== undefined && line.length > 0) yield JSON.parse(line.toString('utf8')) as T;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
}
