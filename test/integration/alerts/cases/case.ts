import { gauge, ofApi, series } from '../series.ts';

export interface Case {
  /** Name of the alert, without its prefix. */
  readonly alert: string;
  readonly because: string;
  readonly series: Readonly<Record<string, string>>;
  /** The minute at which it fires, and not one earlier; undefined when it is to stay silent to the end. */
  readonly minute?: number;
  /** Labels that it has besides those of the environment. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const DAY = 86_400;
export const HOUR = 3_600;

export const users = { route: '/api/v1/prices/:symbol', method: 'GET' };
export const answered = (status: string) => ofApi('http_requests_total', { ...users, status });
export const forecasts = (status: string) =>
  ofApi('http_requests_total', { method: 'GET', route: '/api/v1/predictions/:symbol', status });
/** Users' requests a minute, and how many of them within a second. */
export const durations = (all: string, prompt: string) => ({
  [ofApi('http_request_duration_seconds_bucket', { ...users, status_class: '2xx', le: '1' })]: prompt,
  [ofApi('http_request_duration_seconds_bucket', { ...users, status_class: '2xx', le: '5' })]: all,
  [ofApi('http_request_duration_seconds_bucket', { ...users, status_class: '2xx', le: '+Inf' })]: all,
  [answered('200')]: all,
});
export const claim = { persistentvolumeclaim: 'data-shop-database-0' };
export const volume = (used: string) => ({
  [`kubelet_volume_stats_used_bytes{namespace="market",persistentvolumeclaim="${claim.persistentvolumeclaim}"}`]:
    used,
  [`kubelet_volume_stats_capacity_bytes{namespace="market",persistentvolumeclaim="${claim.persistentvolumeclaim}"}`]:
    gauge([100, 60]),
});
export const condition = (type: string) => series('cryptosense_environment_condition', { type });
export const databasePod = { pod: 'shop-database-0' };
