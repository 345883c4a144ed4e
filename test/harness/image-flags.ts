import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from '../../local/checkout.ts';

/** The flags that an image gives to Node, between the binary and the program. Throws when its ENTRYPOINT is not in JSON form. */
export function imageFlags(image: 'api' | 'operator'): string[] {
  const text = readFileSync(join(checkout, 'images', `${image}.Dockerfile`), 'utf8');
  const line = text.match(/^ENTRYPOINT (\[.*\])$/m)?.[1];
  if (line === undefined) throw new Error(`images/${image}.Dockerfile has no ENTRYPOINT in JSON form.`);
  return (JSON.parse(line) as string[]).slice(1, -1);
}
