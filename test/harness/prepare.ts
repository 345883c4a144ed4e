/** What a part of the tests needs before it runs, and how that is removed again. */
export interface Preparation {
  env: Record<string, string>;
  cleanUp: () => Promise<void>;
}

export async function prepareUnit(): Promise<Preparation> {
  return { env: {}, cleanUp: async () => {} };
}

export async function prepareIntegration(): Promise<Preparation> {
  return { env: {}, cleanUp: async () => {} };
}

export async function prepareE2e(): Promise<Preparation> {
  return { env: {}, cleanUp: async () => {} };
}
