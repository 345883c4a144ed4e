import type { EnvironmentStatus } from '../api/status.ts';

/**
 * In one word what a reconciliation found: the reason of the condition that says most. What somebody has to mend comes first, then
 * what the operator is still doing.
 */
export function reasonOf({ conditions = [] }: EnvironmentStatus): string | undefined {
  const is = (type: string, status: string) =>
    conditions.find((condition) => condition.type === type && condition.status === status);
  const telling =
    is('Stalled', 'True') ?? is('Reconciling', 'True') ?? is('Ready', 'False') ?? is('Ready', 'True');
  return telling?.reason;
}
