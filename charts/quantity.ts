const FACTORS: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The value of a Kubernetes quantity: bytes of memory or storage, cores of CPU. Takes every form that a live object may
 * have, also those that the schema of an environment does not: 1Pi, 12e6, .5. Throws RangeError on what is no quantity.
 */
export function amount(quantity: string): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i))?$/.exec(quantity);
  const [, digits = '', exponent = '', unit = ''] = match ?? [];
  const factor = FACTORS[unit];
  if (digits === '' || factor === undefined)
    throw new RangeError(`"${quantity}" is not a quantity: write for example 500m or 1Gi`);
  return Number(`${digits}${exponent}`) * factor;
}
