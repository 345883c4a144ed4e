import type { EnvironmentStatus } from '../../operator/api/status.ts';
import { bytes } from '../terminal/words.ts';
import type { Part } from './node.ts';

/** `pod`, a part, with what status says of the member of the database that runs in it. Pure. */
export function withMember(pod: Part, { database }: EnvironmentStatus): Part {
  const member = database?.members?.find(({ name }) => name === pod.name);
  if (!member) return pod;
  const { role, state, timeline, lagBytes } = member;
  const says = [
    ...(role ? [role] : []),
    ...(state === 'running' ? [] : [`PostgreSQL: ${state}`]),
    ...(timeline === undefined ? [] : [`timeline ${timeline}`]),
    ...(lagBytes === undefined ? [] : [lagBytes === 0 ? 'in step' : `at least ${bytes(lagBytes)} behind`]),
  ];
  return { ...pod, says: [...says, ...pod.says] };
}
