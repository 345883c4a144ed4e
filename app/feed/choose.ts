import type { FeedConfig } from '../config.ts';
import { assets } from '../prices/assets.ts';
import { createCoinGeckoFeed } from './coingecko.ts';
import type { Feed } from './feed.ts';
import { guarded } from './guarded.ts';
import { createReplay } from './replay.ts';
import { createSimulator } from './simulator.ts';

/** The feed that the configuration asks for. */
export function feedOf({ kind, seed, replay, coingeckoUrl }: FeedConfig): Feed {
  if (replay) return createReplay(replay.recording, replay.speed);
  return kind === 'simulator'
    ? createSimulator(seed)
    : guarded(createCoinGeckoFeed({ url: coingeckoUrl, assets }));
}
