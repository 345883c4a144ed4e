import { LABELS } from '../api/resolved.ts';
import type { Live } from '../environment/snapshot.ts';

/** A member of the database, as Patroni and the image's own program report it on its pod. */
export interface Member {
  name: string;
  uid: string;
  /** Number in the pod's name, from 0. */
  ordinal: number;
  /** Whether Patroni in it has ever said anything. */
  reports: boolean;
  /** undefined: nobody has said so yet. */
  role?: 'primary' | 'replica';
  /** Patroni's word for what its PostgreSQL does: running, starting, stopped; leaving while the pod is being deleted. */
  state?: string;
  /** Whether its PostgreSQL runs and takes connections. */
  running: boolean;
  /** Whether the kubelet says that it is ready, and it is not being deleted. */
  ready: boolean;
  /** Of the pod template: two pods that differ in it were made from different templates. */
  template: string;
  timeline?: number;
  /** Position in the log, in bytes: of the primary the last one written, of a replica the last one it has. */
  position?: number;
  /** Hash of the settings that it has read. */
  settings?: string;
  /** State of the application's logins that it has carried out; undefined for a form that does not know of them. */
  logins?: string;
  /** Whether the primary sees sessions of a login that is to be taken away. */
  formerLogin?: 'used';
  /** What a restart would change: lowered when that includes a value that the primary has to lower first. */
  pending?: 'restart' | 'lowered';
  /** Whether it serves TLS. */
  tls?: true;
  annotations: Record<string, string>;
}

/** What Patroni writes into the annotation `status` of its pod. */
interface Reported {
  state?: string;
  role?: string;
  timeline?: number;
  xlog_location?: number;
  tags?: {
    settings?: string;
    pending?: 'restart' | 'lowered';
    logins?: string;
    former?: string;
    tls?: string;
  };
}

/** `pod` is one of the pods of the database. Pure. */
export function memberOf(pod: Live): Member {
  const { name, uid, annotations = {}, labels = {}, deletionTimestamp } = pod.metadata;
  const reported = reportOf(annotations.status);
  const { conditions = [] } = (pod.status ?? {}) as { conditions?: { type: string; status: string }[] };
  const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  const isThere = deletionTimestamp === undefined;
  const role =
    labels[LABELS.role] === 'master' ? 'primary' : reported?.role === 'replica' ? 'replica' : undefined;
  const state = isThere ? textOf(reported?.state) : 'leaving';
  const timeline = wholeOf(reported?.timeline);
  const position = wholeOf(reported?.xlog_location);
  const { settings, pending, logins, former, tls } = reported?.tags ?? {};
  return {
    name,
    uid,
    ordinal: Number(name.slice(name.lastIndexOf('-') + 1)),
    reports: reported !== undefined,
    running: isThere && reported?.state === 'running',
    ready: isThere && isReady,
    template: labels['controller-revision-hash'] ?? '',
    annotations,
    ...(state === undefined ? {} : { state }),
    ...(role === undefined ? {} : { role }),
    ...(timeline === undefined ? {} : { timeline }),
    ...(position === undefined ? {} : { position }),
    ...(settings === undefined ? {} : { settings }),
    ...(pending === undefined ? {} : { pending }),
    ...(logins === undefined ? {} : { logins }),
    ...(former === 'used' ? { formerLogin: former } : {}),
    ...(tls === 'on' ? { tls: true } : {}),
  };
}

/** Anybody with rights in the namespace can write the annotation: what is no report is none. */
function reportOf(text: string | undefined): Reported | undefined {
  if (text === undefined) return undefined;
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null ? (found as Reported) : undefined;
  } catch {
    return undefined;
  }
}

function wholeOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 63) : undefined;
}
