const FACTORS: Record<string, number> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The value of a Kubernetes quantity: bytes of memory or storage, cores of CPU. Throws RangeError on another form. */
export function amount(quantity: string): number {
  const match = /^(\d+(?:\.\d+)?)(m|Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity);
  const factor = FACTORS[match?.[2] ?? ''];
  if (!match || factor === undefined)
    throw new RangeError(`"${quantity}" is not a quantity: write for example 500m or 1Gi`);
  return Number(match[1]) * factor;
}
