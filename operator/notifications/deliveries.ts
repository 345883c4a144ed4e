/** What is known of one receiver: a problem is a sentence, null is none, and absent is not looked at yet. */
export type Problems = Readonly<Record<string, string | null>>;

/** What one process knows of the messages of one environment. */
export interface Deliveries {
  /** Messages that a receiver needs not wait for any more: it has them, or they were given up. "id receiver". */
  done: ReadonlySet<string>;
  problems: Problems;
}

export const NOTHING_DELIVERED: Deliveries = { done: new Set(), problems: {} };

export function deliveryOf(message: { id: string }, receiver: string): string {
  return `${message.id} ${receiver}`;
}
