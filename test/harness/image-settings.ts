import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../../local/checkout.ts';

type Image = 'api' | 'operator';

/** The flags that an image gives to Node, between the binary and the program. Throws when its ENTRYPOINT is not in JSON form. */
export function imageFlags(image: Image): string[] {
  const line = linesOf(image).match(/^ENTRYPOINT (\[.*\])$/m)?.[1];
  if (line === undefined) throw new Error(`images/${image}.Dockerfile has no ENTRYPOINT in JSON form.`);
  return (JSON.parse(line) as string[]).slice(1, -1);
}

/** The environment variables of an image whose values are written in it. */
export function imageEnvironment(image: Image): Record<string, string> {
  const pairs = [...linesOf(image).matchAll(/^ENV (.*)$/gm)].flatMap(([, line = '']) => line.split(' '));
  const entries = pairs.map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries(entries.filter(([, value]) => !value.startsWith('$')));
}

const linesOf = (image: Image) => readFileSync(join(checkout, 'images', `${image}.Dockerfile`), 'utf8');
