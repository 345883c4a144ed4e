import type { EffectiveSpec } from '../api/effective-spec.ts';
import type { Manifest } from '../api/resolved.ts';
import { midnight, timeOfDayMs } from './maintenance.ts';

type QuietHours = NonNullable<EffectiveSpec['autoscaling']['quietHours']>;

const DAY_MS = 86_400_000;

/** Whether `now` is in the quiet hours; they may go over midnight. The end does not belong to them. */
export function isQuiet({ start, end }: Pick<QuietHours, 'start' | 'end'>, now: number): boolean {
  const [from, to, at] = [timeOfDayMs(start), timeOfDayMs(end), now - midnight(now)];
  return from < to ? at >= from && at < to : at >= from || at < to;
}

/** Milliseconds until they begin or end, whichever comes first. */
export function untilChange({ start, end }: Pick<QuietHours, 'start' | 'end'>, now: number): number {
  const at = now - midnight(now);
  const until = (time: string) => (timeOfDayMs(time) - at + DAY_MS) % DAY_MS || DAY_MS;
  return Math.min(until(start), until(end));
}

/** The autoscaler with the floor that holds at `now`; any other object as it is. */
export function withFloor(manifest: Manifest, { autoscaling }: EffectiveSpec, now: number): Manifest {
  const { quietHours } = autoscaling;
  if (manifest.kind !== 'HorizontalPodAutoscaler' || !quietHours || !isQuiet(quietHours, now))
    return manifest;
  return { ...manifest, spec: { ...(manifest.spec as object), minReplicas: quietHours.minReplicas } };
}

/** Where an adapter (such as prometheus-adapter) serves what the autoscaler can use besides CPU. */
export const CUSTOM_METRICS = 'custom.metrics.k8s.io';

const REQUESTS = 'http_requests_per_minute';

/** The autoscaler with the metric of requests, where there is one; any other object as it is. */
export function withRequests(
  manifest: Manifest,
  { autoscaling }: EffectiveSpec,
  isServed: boolean,
): Manifest {
  const { requestsPerMinute } = autoscaling;
  if (manifest.kind !== 'HorizontalPodAutoscaler' || requestsPerMinute === undefined || !isServed)
    return manifest;
  const spec = manifest.spec as { metrics: unknown[] };
  const target = { type: 'AverageValue', averageValue: String(requestsPerMinute) };
  const metric = { type: 'Pods', pods: { metric: { name: REQUESTS }, target } };
  return { ...manifest, spec: { ...spec, metrics: [...spec.metrics, metric] } };
}
