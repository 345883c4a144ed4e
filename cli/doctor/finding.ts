import type { Facts } from './facts.ts';

/** fail: it will hurt; warn: worth a look; unknown: it could not be found out. */
export type Gravity = 'fail' | 'warn' | 'unknown';

/** Something that is not as the guide wants it, and what to do about it. */
export interface Finding {
  gravity: Gravity;
  says: string;
  remedy: string;
}

/** One check, and the item of the guide's checklists that it looks after. */
export interface Check {
  id: string;
  list: 'pre-launch' | 'post-launch';
  /** In the guide's words. */
  item: string;
  /** Pure: everything that it may know is in the facts. No finding: it is well; undefined: it is not asked of this environment. */
  look(facts: Facts): Finding[] | undefined;
}

/** A check with what it found. */
export interface Result extends Pick<Check, 'id' | 'list' | 'item'> {
  /** off: not asked of this environment. */
  verdict: 'ok' | 'off' | Gravity;
  findings: Finding[];
}

export function fail(says: string, remedy: string): Finding {
  return { gravity: 'fail', says, remedy };
}

export function warn(says: string, remedy: string): Finding {
  return { gravity: 'warn', says, remedy };
}

export function unknown(says: string, remedy: string): Finding {
  return { gravity: 'unknown', says, remedy };
}

const ORDER = ['fail', 'warn', 'unknown'] as const;

/** Every check with what it found in the facts. Pure. */
export function diagnose(checks: readonly Check[], facts: Facts): Result[] {
  return checks.map(({ id, list, item, look }) => {
    const found = look(facts);
    if (found === undefined) return { id, list, item, verdict: 'off', findings: [] };
    const findings = found.sort((a, b) => ORDER.indexOf(a.gravity) - ORDER.indexOf(b.gravity));
    return { id, list, item, verdict: findings[0]?.gravity ?? 'ok', findings };
  });
}
