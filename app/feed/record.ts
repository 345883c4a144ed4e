import { type FileHandle, open } from 'node:fs/promises';
import { ConfigurationError, readRecorderConfig } from '../config.ts';
import { createLogger, errorFields, type Logger } from '../telemetry/logger.ts';
import { feedOf } from './choose.ts';
import { type Feed, FeedUnavailable } from './feed.ts';
import { lineOf } from './recording.ts';
import { rest } from './rest.ts';

/**
 * `record FILE`: what the feed says, moment by moment, until SIGTERM or SIGINT. Returns the process's exit code, 1 when the file
 * could not be written. A file that is there is never touched. Throws ConfigurationError.
 */
export async function record(path: string): Promise<number> {
  const config = readRecorderConfig(process.env);
  const logger = createLogger(config, 'cryptosense-recorder');
  const file = await create(path);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  const { intervalMs } = config.feed;
  logger.info('recording', { feed: config.feed.kind, intervalMs });
  try {
    const quotes = await follow({
      feed: feedOf(config.feed),
      file,
      logger,
      intervalMs,
      signal: stopping.signal,
    });
    logger.info('recorded', { quotes });
    return 0;
  } catch (error) {
    logger.error('the recording cannot go on', errorFields(error));
    return 1;
  } finally {
    await file.close();
  }
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found =
      code === 'EEXIST' ? 'a file that is there already' : `a place that cannot be written (${code})`;
    throw new ConfigurationError([`${path}: found ${found}, expected the name of a new file`]);
  }
}

/** Writes until `signal` is aborted; returns how many quotes. Throws what the file throws. */
async function follow(options: {
  feed: Feed;
  file: FileHandle;
  logger: Logger;
  intervalMs: number;
  signal: AbortSignal;
}): Promise<number> {
  const { feed, file, logger, intervalMs, signal } = options;
  const untilNextMoment = () => intervalMs - (Date.now() % intervalMs);
  let written = 0;
  let lastMs = 0;
  let wasBehind = false;
  while (!signal.aborted) {
    const at = new Date(Math.floor(Date.now() / intervalMs) * intervalMs);
    const isBehind = at.getTime() < lastMs;
    if (isBehind && !wasBehind)
      logger.warn('the clock was set back: nothing is recorded until it is where it was', {
        until: new Date(lastMs + intervalMs),
      });
    wasBehind = isBehind;
    // A timer may end a millisecond before the wall clock is there, or the clock be set back: a recording has no moment twice.
    if (at.getTime() <= lastMs) {
      await rest(untilNextMoment(), signal);
      continue;
    }
    lastMs = at.getTime();
    let pauseMs = 0;
    try {
      const quotes = await feed.quotes(at, signal);
      await file.appendFile(quotes.map((quote) => `${lineOf(quote)}\n`).join(''));
      written += quotes.length;
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof FeedUnavailable)) throw error;
      logger.warn('the feed gave no prices', { feed: feed.name, ...errorFields(error) });
      pauseMs = error.retryAfterMs ?? 0;
    }
    await rest(Math.max(pauseMs, untilNextMoment()), signal);
  }
  return written;
}
