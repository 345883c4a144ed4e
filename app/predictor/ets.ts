import { existsSync, readFileSync } from 'node:fs';
import { AutoETS, initSync } from '@bsull/augurs/ets';

/** What is expected `n` steps ahead, and between which values it lies with the level's probability. */
export interface Step {
  readonly point: number;
  readonly lower: number;
  readonly upper: number;
}

const WASM = 'ets_bg.wasm';
let loaded = false;

/** Loads the library's WebAssembly, which lies beside a bundle or in its package. Throws when it is in neither place. */
export function loadEts(): void {
  if (loaded) return;
  const besideBundle = new URL(WASM, import.meta.url);
  const file = existsSync(besideBundle)
    ? besideBundle
    : new URL(WASM, import.meta.resolve('@bsull/augurs/ets'));
  initSync({ module: readFileSync(file) });
  loaded = true;
}

/**
 * Exponential smoothing (ETS) with additive errors and no season: no trend, a trend or a damped one, whichever has the
 * best AICc (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, chapter 8). `values` are equally far
 * apart in time, oldest first. Throws the library's Error when there are fewer than nine or no model fits.
 */
export function ets(values: readonly number[], steps: number, level: number): Step[] {
  loadEts();
  const model = new AutoETS(1, 'AZN');
  try {
    model.fit([...values]);
    const { point, intervals } = model.predict(steps, level);
    return point.map((value, i) => ({
      point: value,
      lower: intervals?.lower[i] ?? Number.NaN,
      upper: intervals?.upper[i] ?? Number.NaN,
    }));
  } finally {
    model.free();
  }
}
