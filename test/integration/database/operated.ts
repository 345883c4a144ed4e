import { nextSteps } from '../../../operator/database/members.ts';
import { eventually } from '../processes.ts';
import type { DatabaseGroup } from './group.ts';

/**
 * Does to the members what the operator decides, until it has nothing left to decide. Returns the steps, as
 * "replace 2", "restart 0" or "switchover 1".
 */
export async function operate(group: DatabaseGroup, deadlineMs = 120_000): Promise<string[]> {
  const done: string[] = [];
  let waits = '';
  await eventually(
    'the operator has nothing left to do',
    async () => {
      const wanted = { count: group.names.length, template: group.revision, settings: group.settings };
      const { steps, waitsFor } = nextSteps(await group.members(), wanted);
      waits = waitsFor;
      for (const step of steps) {
        const { name, ordinal } = step.member;
        if (step.do === 'replace') {
          done.push(`replace ${ordinal}`);
          await group.deleteMember(name);
          await group.startMember(name);
        } else {
          const [[key = ''] = []] = Object.entries(step.annotations);
          if (!key.endsWith('/settings')) done.push(`${key.replace(/.*\//, '')} ${ordinal}`);
          await group.annotate(name, step.annotations);
        }
      }
      return waitsFor === '';
    },
    deadlineMs,
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}; did ${done.join(', ')}; ${waits}\n${await group.logs(60)}`);
  });
  return done;
}
