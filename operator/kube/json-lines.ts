const NEWLINE = 0x0a;

/** A stream's lines. They may be cut anywhere, also inside a character. The last one may lack its end. */
async function* linesOf(
  body: AsyncIterable<Buffer>,
  onBytes: () => unknown,
): AsyncGenerator<{ line: Buffer; isWhole: boolean }> {
  let parts: Buffer[] = [];
  for await (const chunk of body) {
    onBytes();
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      const line = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      parts = [];
      start = end + 1;
      yield { line, isWhole: true };
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (parts.length > 0) yield { line: Buffer.concat(parts), isWhole: false };
}

/**
 * Parses a stream of JSON values, one a line. A last line without its end is dropped: the connection was cut inside it.
 * `onBytes` is called for everything received.
 */
export async function* jsonLines<T>(body: AsyncIterable<Buffer>, onBytes: () => unknown): AsyncGenerator<T> {
  for await (const { line, isWhole } of linesOf(body, onBytes)) {
    if (isWhole && line.length > 0) yield JSON.parse(line.toString('utf8')) as T;
  }
}

/** The lines of a text, also its last one when it has no end: a log's newest words may be without one. */
export async function* textLines(
  body: AsyncIterable<Buffer>,
  onBytes: () => unknown,
): AsyncGenerator<string> {
  for await (const { line } of linesOf(body, onBytes)) yield line.toString('utf8');
}
