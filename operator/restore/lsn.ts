/** Bytes of one segment of the log, as PostgreSQL is built. */
const SEGMENT_BYTES = 1n << 24n;

/** A position in the write-ahead log, "16/B374D848", as the number of bytes that it stands for. */
export function bytesOfLsn(lsn: string): bigint {
  const [high = '', low = ''] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** The position, as PostgreSQL writes it. */
export function lsnOf(bytes: bigint): string {
  return `${(bytes >> 32n).toString(16)}/${(bytes & 0xffffffffn).toString(16)}`.toUpperCase();
}

/** Where a segment ("000000010000000000000005": timeline, upper half, segment in it) begins, in bytes. */
export function startOfSegment(segment: string): bigint {
  return (BigInt(`0x${segment.slice(8, 16)}`) << 32n) + BigInt(`0x${segment.slice(16, 24)}`) * SEGMENT_BYTES;
}

/** The first position after a segment, in bytes. */
export function endOfSegment(segment: string): bigint {
  return startOfSegment(segment) + SEGMENT_BYTES;
}

/** The segment before this one on the same timeline, or undefined for the first of all. */
export function segmentBefore(segment: string): string | undefined {
  const start = startOfSegment(segment);
  if (start === 0n) return undefined;
  const before = start - SEGMENT_BYTES;
  const hex = (value: bigint) => value.toString(16).toUpperCase().padStart(8, '0');
  return segment.slice(0, 8) + hex(before >> 32n) + hex((before & 0xffffffffn) / SEGMENT_BYTES);
}
