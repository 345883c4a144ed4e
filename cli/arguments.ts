import { InvalidArgumentError } from 'commander';
import { milliseconds } from '../operator/api/duration.ts';
import { FORMATS, type Format } from './session.ts';

/** `--timeout 5m` in milliseconds. */
export function duration(text: string): number {
  try {
    return milliseconds(text);
  } catch {
    throw new InvalidArgumentError('Write a duration such as 30s, 2m or 1h.');
  }
}

export function count(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError('Write a whole number.');
  return number;
}

export function format(text: string): Format {
  const found = FORMATS.find((one) => one === text);
  if (found === undefined)
    throw new InvalidArgumentError(`Write ${FORMATS.slice(0, -1).join(', ')} or ${FORMATS.at(-1)}.`);
  return found;
}
