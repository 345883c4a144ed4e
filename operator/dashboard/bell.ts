/** Rung by those who have news, heard by the one who waits for it; rings while nobody listens count as one. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, at once when it has rung since it was heard last. */
  heard(): Promise<void>;
}

export function bell(): Bell {
  let hasRung = false;
  let resolve: (() => void) | undefined;
  return {
    ring: () => {
      hasRung = true;
      resolve?.();
    },
    heard: async () => {
      if (!hasRung)
        await new Promise<void>((done) => {
          resolve = done;
        });
      hasRung = false;
      resolve = undefined;
    },
  };
}
