import type { World } from './world.ts';

/** Fields that are different in every life of an object, and figures that depend on when somebody looked. */
const MOVING = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'observedGeneration',
  'lastTransitionTime',
  'startedAt',
  'stepStartedAt',
  'at',
  'since',
  'rotatedAt',
  'cryptosense.io/routed-at',
  'cryptosense.io/applied',
  'stringData',
]);

/** Every object that there is, as far as it has to be the same whatever happened on the way. */
export function outcome(world: World): Map<string, string> {
  return new Map(
    [...world.server.objects].map(([key, object]) => [
      key,
      JSON.stringify(object, (field, value: unknown) => {
        if (MOVING.has(field)) return undefined;
        if (field === 'data' && object.kind === 'Secret') return withoutPasswords(value as object);
        return typeof value === 'string'
          ? value.replace(/\d+ of \d+ requests[^";]*/, 'some requests')
          : value;
      }),
    ]),
  );
}

/** The values of a Secret, with nothing in place of what is made by chance. */
function withoutPasswords(data: object): [string, string][] {
  return Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(String(value), 'base64')
      .toString()
      .replace(/[\w-]{32}/g, ''),
  ]);
}

/** What is in one world and not, or not so, in the other; '' when nothing is. */
export function difference(actual: Map<string, string>, expected: Map<string, string>): string {
  const keys = [...new Set([...actual.keys(), ...expected.keys()])];
  const different = keys.filter((key) => actual.get(key) !== expected.get(key));
  return different
    .map((key) => {
      const [is = 'absent', should = 'absent'] = [actual.get(key), expected.get(key)];
      const at = Math.max(0, [...is].findIndex((character, i) => character !== should[i]) - 40);
      return `${key} is ${is.slice(at, at + 160)} and not ${should.slice(at, at + 160)}`;
    })
    .join('; ');
}
