/** Series as promtool's tests take them, with a sample every 30 seconds: the interval at which the project scrapes. */
const SAMPLES_A_MINUTE = 2;

/** A value and for how many minutes it holds. */
type Stretch = readonly [value: number, minutes: number];

/** A gauge that has one value after the other. */
export function gauge(...stretches: Stretch[]): string {
  return stretches.map(([value, minutes]) => `${value}x${minutes * SAMPLES_A_MINUTE - 1}`).join(' ');
}

/** A counter that grows by so much a minute, one rate after the other. */
export function counter(...stretches: Stretch[]): string {
  let total = 0;
  return stretches
    .map(([perMinute, minutes]) => {
      const samples = minutes * SAMPLES_A_MINUTE;
      const step = perMinute / SAMPLES_A_MINUTE;
      const text = `${total}+${step}x${samples - 1}`;
      total += step * samples;
      return text;
    })
    .join(' ');
}

/** A gauge that changes steadily from one value to another. */
export function ramp(from: number, to: number, minutes: number): string {
  const samples = minutes * SAMPLES_A_MINUTE - 1;
  const step = (to - from) / samples;
  return `${from}${step < 0 ? '-' : '+'}${Math.abs(step)}x${samples}`;
}

/** Not scraped for so long. */
export function gap(minutes: number): string {
  return `_x${minutes * SAMPLES_A_MINUTE - 1}`;
}

type Labels = Readonly<Record<string, string>>;

/** A series of the environment market/shop. */
export function series(name: string, labels: Labels = {}): string {
  const all = { namespace: 'market', environment: 'shop', ...labels };
  return `${name}{${Object.entries(all)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`;
}

/** One of a pod of its API. */
export function ofApi(name: string, labels: Labels = {}): string {
  return series(name, { app_kubernetes_io_component: 'api', pod: 'shop-api-1', ...labels });
}

/** One of a pod of its database. */
export function ofDatabase(name: string, labels: Labels = {}): string {
  return series(name, { app_kubernetes_io_component: 'database', pod: 'shop-database-0', ...labels });
}
