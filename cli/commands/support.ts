import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { findEnvironment } from '../cluster/environments.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import type { Session } from '../session.ts';
import { collect } from '../support/collect.ts';
import { withSpinner } from '../terminal/live.ts';
import { plural } from '../terminal/words.ts';

/** `support`: objects, Events and logs in one file, without any secret. */
export async function support(
  session: Session,
  name: string | undefined,
  { file }: { file?: string },
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  const stamp = new Date(session.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const folder = `cryptosense-${namespace}-${own}-${stamp}`;
  const target = file ?? `${folder}.tar.gz`;
  const written = await withSpinner(session, 'collecting', () =>
    write(session, environment, { folder, target }),
  );
  const missing = written.filter((path) => path.endsWith('.not-read'));
  show(session, { file: target, files: written }, () => [
    `${session.terminal.paint('good', '✓')} ${target}: ${plural(written.length, 'file')}, no secret in them. Look through it before you hand it on.`,
    ...(missing.length > 0
      ? [`  ${plural(missing.length, 'part')} could not be read; the bundle says why.`]
      : []),
  ]);
  return EXIT.done;
}

async function write(
  session: Session,
  environment: Parameters<typeof collect>[1],
  { folder, target }: { folder: string; target: string },
): Promise<string[]> {
  // Opened first, so that nothing is collected for a file that cannot be written.
  const file = await open(target, 'w', 0o600).catch((error: unknown) => {
    throw unwritable(target, error);
  });
  const archive = pack();
  const written: string[] = [];
  const done = pipeline(archive, createGzip(), file.createWriteStream());
  // Its failure is awaited below; until then it is not an unhandled one.
  done.catch(() => {});
  try {
    for await (const { path, text } of collect(session, environment)) {
      archive.entry({ name: `${folder}/${path}`, mtime: new Date(session.now()) }, text);
      written.push(path);
    }
    archive.finalize();
    await done;
    return written;
  } catch (error) {
    archive.destroy();
    // A full disk ends the pipeline, and what is packed afterwards fails for want of it: the first of them is the reason.
    const reason = await done.then(
      () => error,
      (first: unknown) => (isOfFile(first) ? first : error),
    );
    // A bundle that ends in the middle helps nobody.
    rmSync(target, { force: true });
    throw isOfFile(reason) ? unwritable(target, reason) : reason;
  }
}

/** Whether the system refused something, and not the cluster. */
function isOfFile(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function unwritable(target: string, error: unknown): CliError {
  const { code } = error as NodeJS.ErrnoException;
  return new CliError(`${target} cannot be written: ${code}. Name another file with --file.`, EXIT.usage);
}
