/** ok: as it should be; busy: on its way there; bad: somebody should look; off: not wanted, or nothing to say. */
export type Health = 'ok' | 'busy' | 'bad' | 'off';

/** A part of an environment, and the parts that it is made of. */
export interface Part {
  /** What it is to the environment: api, release, pod, volume. */
  role: string;
  name: string;
  health: Health;
  /** What there is to say of it, the most important first. */
  says: string[];
  /** Why it is not as it should be, in the words of who knows. */
  waiting?: string;
  parts: Part[];
}

/** The worse of two. */
export function worse(a: Health, b: Health): Health {
  const order: Health[] = ['off', 'ok', 'busy', 'bad'];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}
