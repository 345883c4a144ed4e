import { counter, gauge, ofApi, ofDatabase, ramp, series } from '../series.ts';
import { answered, type Case, claim, DAY, durations, forecasts, volume } from './case.ts';

/** The guide's eight. */
export const GUIDE: readonly Case[] = [
  {
    alert: 'ApiDown',
    because: 'no pod has answered at the minutes 10, 11 and 12',
    series: { [ofApi('up')]: gauge([1, 10], [0, 20]) },
    minute: 12,
  },
  {
    alert: 'ApiDown',
    because: 'the operator has seen no ready pod at the minutes 10, 11 and 12, though one answers Prometheus',
    series: {
      [ofApi('up')]: gauge([1, 30]),
      [series('cryptosense_environment_ready_replicas')]: gauge([2, 10], [0, 20]),
    },
    minute: 12,
  },
  {
    alert: 'ApiDown',
    because: 'three checks failed within five minutes, not one after the other',
    series: { [ofApi('up')]: gauge([1, 10], [0, 1], [1, 1], [0, 1], [1, 1], [0, 1], [1, 5]) },
    minute: 14,
  },
  {
    alert: 'ApiDown',
    because: 'two checks in five minutes failed, and one of two pods',
    series: {
      [ofApi('up')]: gauge([1, 10], [0, 2], [1, 10]),
      [ofApi('up', { pod: 'shop-api-2' })]: gauge([0, 10], [0, 2], [1, 10]),
    },
  },
  {
    alert: 'DatabaseDown',
    because: 'the exporter cannot log in from minute 10 on',
    series: { [ofDatabase('pg_up')]: gauge([1, 10], [0, 10]) },
    minute: 12,
  },
  {
    alert: 'DatabaseDown',
    because: 'no pod is ready from minute 10 on',
    series: {
      [series('cryptosense_component_ready_pods', { component: 'database' })]: gauge([1, 10], [0, 10]),
    },
    minute: 12,
  },
  {
    alert: 'DatabaseDown',
    because: 'every attempt of the API fails from minute 10 on, which fills the window of a minute at 11',
    series: {
      [ofApi('cryptosense_database_attempts_total', { result: 'ok' })]: counter([60, 10], [0, 10]),
      [ofApi('cryptosense_database_attempts_total', { result: 'failed' })]: counter([0, 10], [60, 10]),
    },
    minute: 13,
  },
  {
    alert: 'DatabaseDown',
    because: '89 % of the attempts fail, and one of two members refuses',
    series: {
      [ofApi('cryptosense_database_attempts_total', { result: 'ok' })]: counter([11, 20]),
      [ofApi('cryptosense_database_attempts_total', { result: 'failed' })]: counter([89, 20]),
      [ofDatabase('pg_up')]: gauge([1, 20]),
      [ofDatabase('pg_up', { pod: 'shop-database-1' })]: gauge([0, 20]),
    },
  },
  {
    alert: 'ErrorSpike',
    because:
      '120 failures a minute from minute 10 on: more than 100 over two minutes at 12, and five minutes of that',
    series: { [answered('500')]: counter([0, 10], [120, 20]) },
    minute: 17,
  },
  {
    alert: 'ErrorSpike',
    because: '100 a minute are not more than 100, and forecasts without a predictor are no failures',
    series: { [answered('503')]: counter([100, 30]), [forecasts('503')]: counter([500, 30]) },
  },
  {
    alert: 'DiskFull',
    because: 'it is at 96 % at minute 10',
    series: volume(gauge([95, 10], [96, 10])),
    minute: 10,
    labels: claim,
  },
  {
    alert: 'HighLatency',
    because: '6 % take longer than a second from the beginning on',
    series: durations(counter([100, 30]), counter([94, 30])),
    // At 0 there is one sample, and a rate needs two.
    minute: 11,
  },
  {
    alert: 'HighLatency',
    because: '4 % are not one in twenty, and streams stay open by design',
    series: {
      ...durations(counter([100, 30]), counter([96, 30])),
      [ofApi('http_request_duration_seconds_bucket', { route: '/api/v1/prices/stream', le: '1' })]: counter([
        0, 30,
      ]),
      [ofApi('http_request_duration_seconds_bucket', { route: '/api/v1/prices/stream', le: '+Inf' })]:
        counter([100, 30]),
    },
  },
  {
    alert: 'ErrorRate',
    because: '6 % fail from the beginning on',
    series: { [answered('200')]: counter([94, 30]), [answered('500')]: counter([6, 30]) },
    minute: 16,
  },
  {
    alert: 'ErrorRate',
    because: '5 % are not more than 5 %, and clients may be wrong as often as they like',
    series: {
      [answered('200')]: counter([50, 30]),
      [answered('404')]: counter([45, 30]),
      [answered('500')]: counter([5, 30]),
    },
  },
  {
    alert: 'HighCpu',
    because: 'a pod uses 0.45 of the 0.5 cores that it asks for, which five minutes have seen at minute 5',
    series: {
      [ofApi('process_cpu_seconds_total')]: counter([27, 40]),
      [series('cryptosense_api_cpu_request_cores')]: gauge([0.5, 40]),
    },
    minute: 25,
  },
  {
    alert: 'HighCpu',
    because: 'they use 0.39 of 0.5 cores, which is 78 %',
    series: {
      [ofApi('process_cpu_seconds_total')]: counter([23.4, 40]),
      [series('cryptosense_api_cpu_request_cores')]: gauge([0.5, 40]),
    },
  },
  {
    alert: 'MemoryLeak',
    because: 'it has had a fifth more since minute 150: at 165 for all of a quarter of an hour',
    series: {
      [ofApi('process_resident_memory_bytes')]: gauge([100e6, 150], [120e6, 50]),
      [ofApi('process_start_time_seconds')]: gauge([0, 200]),
    },
    minute: 165,
    labels: { pod: 'shop-api-1' },
  },
  {
    alert: 'MemoryLeak',
    because: 'a young pod grows, and garbage comes and goes',
    series: {
      [ofApi('process_resident_memory_bytes')]: ramp(100e6, 160e6, 115),
      [ofApi('process_start_time_seconds')]: gauge([0, 115]),
      [ofApi('process_resident_memory_bytes', { pod: 'shop-api-2' })]: gauge(
        [100e6, 60],
        [150e6, 10],
        [100e6, 45],
      ),
      [ofApi('process_start_time_seconds', { pod: 'shop-api-2' })]: gauge([-DAY, 115]),
    },
  },
];
