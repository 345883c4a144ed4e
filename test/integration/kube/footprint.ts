import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export interface Footprint {
  heapKib: number;
  /** Sockets, timers and whatever else keeps the event loop busy. */
  handles: number;
}

/** What this process holds, garbage left out. */
export async function footprint(): Promise<Footprint> {
  // Twice, with a turn of the loop between: finalizers free what the next collection takes.
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return {
    heapKib: Math.round(process.memoryUsage().heapUsed / 1024),
    handles: process.getActiveResourcesInfo().length,
  };
}
