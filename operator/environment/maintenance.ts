import { milliseconds } from '../api/duration.ts';
import type { EffectiveSpec, Weekday } from '../api/effective-spec.ts';

type Window = EffectiveSpec['maintenance']['window'];

const DAYS: Weekday[] = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const DAY_MS = 86_400_000;

/** Whether the window is open at `now` (milliseconds since 1970). It may reach into the next day. */
export function isOpen(window: Window, now: number): boolean {
  return [midnight(now) - DAY_MS, midnight(now)].some((day) => {
    const start = day + timeOfDayMs(window.start);
    return isOn(window, day) && now >= start && now < start + milliseconds(window.duration);
  });
}

/** When the window opens next after `now`. */
export function nextOpening(window: Window, now: number): number {
  const starts = [0, 1, 2, 3, 4, 5, 6, 7]
    .map((day) => midnight(now) + day * DAY_MS)
    .filter((day) => isOn(window, day))
    .map((day) => day + timeOfDayMs(window.start));
  return Math.min(...starts.filter((start) => start > now));
}

/** Milliseconds from midnight to a time such as 02:30. */
export function timeOfDayMs(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return (hours * 60 + minutes) * 60_000;
}

/** The last midnight (UTC) before `now`. */
export function midnight(now: number): number {
  return now - (now % DAY_MS);
}

function isOn({ days }: Window, day: number): boolean {
  return days.includes(DAYS[new Date(day).getUTCDay()] as Weekday);
}
