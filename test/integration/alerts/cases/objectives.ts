import { counter, ofApi } from '../series.ts';
import { answered, type Case, durations, users } from './case.ts';

export const OBJECTIVES: readonly Case[] = [
  {
    alert: 'AvailabilityBurnsFast',
    because: '20 % fail after six hours without one: 1.44 % of an hour when 4.3 minutes have passed',
    series: {
      [answered('200')]: counter([100, 360], [80, 20]),
      [answered('500')]: counter([0, 360], [20, 20]),
    },
    minute: 365,
  },
  {
    alert: 'AvailabilityBurnsFast',
    because:
      '0.9 % fail after an hour without one: more than 0.6 % of all (factor 6) when two hours have passed',
    series: {
      [answered('200')]: counter([1000, 60], [991, 150]),
      [answered('500')]: counter([0, 60], [9, 150]),
    },
    minute: 181,
  },
  {
    alert: 'AvailabilityBurnsFast',
    because: '0.5 % fail, which is no emergency; and half of ten requests an hour, which says nothing',
    series: {
      [answered('200')]: counter([995, 400]),
      [answered('500')]: counter([5, 400]),
      [ofApi('http_requests_total', { environment: 'quiet', ...users, status: '200' })]: counter([0.1, 400]),
      [ofApi('http_requests_total', { environment: 'quiet', ...users, status: '500' })]: counter([0.1, 400]),
    },
  },
  {
    alert: 'AvailabilityBurnsSlowly',
    because: '0.15 % fail after an hour without one: more than 0.1 % of all when two hours have passed',
    series: {
      [answered('200')]: counter([1000, 60], [998.5, 150]),
      [answered('500')]: counter([0, 60], [1.5, 150]),
    },
    minute: 181,
  },
  {
    alert: 'AvailabilityBurnsSlowly',
    because: '0.09 % fail',
    series: { [answered('200')]: counter([9991, 400]), [answered('500')]: counter([9, 400]) },
  },
  {
    alert: 'LatencyBurnsFast',
    because:
      'after an hour without one all are slow: 72 % of the hour after 43 minutes; 30 % of six hours earlier',
    series: durations(counter([100, 60], [100, 60]), counter([100, 60], [0, 60])),
    minute: 86,
  },
  {
    alert: 'LatencyBurnsFast',
    because: 'a quarter is slow, which is less than 30 %',
    series: durations(counter([100, 400]), counter([75, 400])),
  },
  {
    alert: 'LatencyBurnsSlowly',
    because: '12 % are slow after an hour without one: more than 5 % of all when 43 minutes have passed',
    series: durations(counter([100, 60], [100, 90]), counter([100, 60], [88, 90])),
    minute: 103,
  },
  {
    alert: 'LatencyBurnsSlowly',
    because: '4 % are slow',
    series: durations(counter([100, 400]), counter([96, 400])),
  },
];
