import { BETWEEN, DATABASE } from './data.ts';
import { GUIDE } from './guide.ts';
import { OBJECTIVES } from './objectives.ts';
import { OPERATOR } from './operator.ts';
import { BACKUPS, RELEASES } from './releases.ts';
import type { Alert, RuleGroup } from './rule.ts';

/** Every rule there is. */
export const RULE_GROUPS: readonly RuleGroup[] = [
  GUIDE,
  OBJECTIVES,
  DATABASE,
  BETWEEN,
  RELEASES,
  BACKUPS,
  OPERATOR,
];

/** Every alert with the group that it is in. */
export function allAlerts(): { alert: Alert; group: RuleGroup }[] {
  return RULE_GROUPS.flatMap((group) =>
    group.rules.flatMap((rule) => ('record' in rule ? [] : [{ alert: rule, group }])),
  );
}
