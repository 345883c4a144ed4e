import type { Member } from './member.ts';

/** Annotations of a member's pod by which the operator speaks to it; see images/database/member/follow.py. */
export const RESTART = 'cryptosense.io/restart';
export const SWITCHOVER = 'cryptosense.io/switchover';
/** Only there to be new: the kubelet renews the mounted settings of a pod that changes. */
export const SETTINGS = 'cryptosense.io/settings';

/** A replica that has less than that to catch up with can take over in a moment. */
export const IN_STEP_BYTES = 16 * 2 ** 20;

/** What the members are to be. */
export interface Wanted {
  count: number;
  /** Of the pod template that new pods are made from; undefined while that is being written. */
  template: string | undefined;
  /** Hash of the settings; undefined for a form without any. */
  settings: string | undefined;
}

/** One change to one member. */
export type Step =
  | { do: 'replace'; member: Member; why: string }
  | { do: 'tell'; member: Member; annotations: Record<string, string>; why: string };

export interface Next {
  steps: Step[];
  /** What is waited for, in a sentence; '' when nothing is left to do. */
  waitsFor: string;
}

const DONE: Next = { steps: [], waitsFor: '' };

export function primaryOf(members: readonly Member[]): Member | undefined {
  // A pod whose node is lost says for ever what it said last: who took over has the later timeline.
  return members
    .filter(({ role, running }) => role === 'primary' && running)
    .reduce<Member | undefined>(
      (latest, member) => ((member.timeline ?? 0) > (latest?.timeline ?? -1) ? member : latest),
      undefined,
    );
}

/** Whether `member` serves, and as a replica could take over from `primary`. */
export function isInStep(member: Member, primary: Member | undefined): boolean {
  if (!member.running || primary === undefined) return false;
  if (member === primary) return true;
  const behind = (primary.position ?? 0) - (member.position ?? 0);
  return member.timeline === primary.timeline && behind <= IN_STEP_BYTES;
}

/**
 * What brings the members nearer to what they are to be. Pure: one member at a time, replicas first, the primary last and
 * only after another member has taken over; nothing is taken away while another member is not well. What is broken
 * and outdated goes first, because nothing else could mend it.
 */
export function nextSteps(members: readonly Member[], wanted: Wanted): Next {
  if (wanted.template === undefined) return { steps: [], waitsFor: 'Its new form is being written.' };
  const isOutdated = ({ template }: Member) => template !== wanted.template;
  const broken = members.find((member) => isOutdated(member) && !member.running && !member.ready);
  if (broken) return replace(broken, 'it does not run, and is of an earlier form');
  const former = members.find((member) => isOutdated(member) && !member.reports);
  if (former && members.some(({ reports }) => reports) && !primaryOf(members))
    return replace(former, 'it has the data that the others wait for, and no Patroni');
  if (members.length < wanted.count || members.some(({ ready }) => !ready)) return waitFor(members, wanted);
  if (members.every(({ role }) => role === undefined)) return asPlainPods(members, isOutdated);

  const primary = primaryOf(members);
  const late = members.find((member) => !isInStep(member, primary));
  if (!primary) return { steps: [], waitsFor: 'No member is primary: Patroni chooses one.' };
  if (late) return { steps: [], waitsFor: `${late.name} is not in step with ${primary.name} yet.` };
  const unread = members.filter(
    ({ settings }) => wanted.settings !== undefined && settings !== wanted.settings,
  );
  const replicas = members.filter((member) => member !== primary).sort((a, b) => b.ordinal - a.ordinal);
  const old = replicas.find(isOutdated);
  if (old) return replace(old, 'replicas get the new form first');
  if (unread.length > 0) return readSettings(unread, wanted);
  return restartsOf(primary, replicas, wanted, isOutdated(primary));
}

/** The restarts that are left when every replica is of the newest form and has read the settings. */
function restartsOf(primary: Member, replicas: Member[], wanted: Wanted, isOutdated: boolean): Next {
  // In the second round replicas restart once more: what is lowered they can only follow.
  const id = `${wanted.settings}-${primary.pending ? 1 : 2}`;
  const behind = replicas.find(({ pending }) => pending === 'restart' || (pending && !primary.pending));
  if (behind) return restart(behind, id, 'a replica before the primary');
  if (primary.ordinal >= wanted.count) return handOver(primary, `it is one too many`, `-${wanted.count - 1}`);
  if (!primary.pending && !isOutdated) return DONE;
  const isAlone = replicas.length === 0;
  if (isOutdated) {
    if (isAlone) return replace(primary, 'it is of an earlier form');
    return handOver(primary, 'it is of an earlier form');
  }
  if (isAlone || primary.pending === 'lowered')
    return restart(primary, id, isAlone ? 'its settings need it' : 'a value is lowered on the primary first');
  return handOver(primary, 'its settings need a restart');
}

/** Patroni is not there (an earlier form, or pods that only pretend): one after the other, as a StatefulSet does it. */
function asPlainPods(members: readonly Member[], isOutdated: (member: Member) => boolean): Next {
  const [last] = members.filter(isOutdated).sort((a, b) => b.ordinal - a.ordinal);
  return last ? replace(last, 'it is of an earlier form') : DONE;
}

function readSettings(unread: Member[], wanted: Wanted): Next {
  const untold = unread.filter(({ annotations }) => annotations[SETTINGS] !== wanted.settings);
  return {
    steps: untold.map((member) => ({
      do: 'tell',
      member,
      annotations: { [SETTINGS]: wanted.settings ?? '' },
      why: 'its settings have changed',
    })),
    waitsFor: `${unread.map(({ name }) => name).join(', ')}: the new settings are being read.`,
  };
}

function waitFor(members: readonly Member[], { count }: Wanted): Next {
  const missing = count - members.length;
  const names = members.filter(({ ready }) => !ready).map(({ name }) => name);
  const what = [...names, ...(missing > 0 ? [`${missing} more`] : [])].join(', ');
  return { steps: [], waitsFor: `Waiting for ${what} to be ready.` };
}

function replace(member: Member, why: string): Next {
  return { steps: [{ do: 'replace', member, why }], waitsFor: `${member.name} is replaced.` };
}

function restart(member: Member, id: string, why: string): Next {
  return tell(member, { [RESTART]: id }, why, `PostgreSQL of ${member.name} restarts for its new settings.`);
}

/** Named with the timeline, which a new primary ends: a command that was carried out has no effect later. */
function handOver(primary: Member, why: string, to = ''): Next {
  const candidate = to === '' ? '' : `${primary.name.replace(/-\d+$/, '')}${to}`;
  const annotations = { [SWITCHOVER]: `${primary.timeline}-${candidate}` };
  return tell(primary, annotations, why, `${primary.name} hands over to a replica.`);
}

function tell(member: Member, annotations: Record<string, string>, why: string, waitsFor: string): Next {
  const isTold = Object.entries(annotations).every(([key, value]) => member.annotations[key] === value);
  return { steps: isTold ? [] : [{ do: 'tell', member, annotations, why }], waitsFor };
}
