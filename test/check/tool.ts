import { execa } from 'execa';
import { checkout } from '../../local/checkout.ts';

/** What a tool found; its output says where. */
export class Finding extends Error {}

/**
 * Runs a tool at the root of the checkout. A bad end is a Finding with what it printed, or only those lines of it
 * that `matters` picks. Returns the last line otherwise.
 */
export async function tool(
  file: string,
  args: readonly string[],
  matters: (line: string) => boolean = () => true,
): Promise<string> {
  const { all, failed, code } = await execa(file, args, {
    cwd: checkout,
    preferLocal: true,
    stdin: 'ignore',
    all: true,
    reject: false,
  });
  const lines = all.split('\n').filter((line) => line.trim() !== '');
  if (code === 'ENOENT') throw new Finding(`${file} is not there: run "npm ci".`);
  const shown = lines.filter(matters);
  if (failed) throw new Finding((shown.length > 0 ? shown : lines).join('\n'));
  return lines.at(-1)?.trim() ?? '';
}
