import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall, canInstallPackages } from './apt.ts';
import { cached } from './cache.ts';
import { command } from './command.ts';
import { LocalFailure, type Report } from './report.ts';

const SUITE = 'bookworm';
/** Raise it to have every root file system made afresh, with the newest packages. */
const GENERATION = '1';

export interface RootFileSystem {
  /** Names it in the cache and in messages. */
  name: string;
  /** minbase: a Debian that can install packages; extract: only the files of the packages and what they need. */
  variant: 'minbase' | 'extract';
  packages: string[];
}

/** A Debian root file system as one tar, made from the package mirror alone; cached. Returns the tar's path. */
export async function rootFileSystem(wanted: RootFileSystem, report: Report): Promise<string> {
  const inputs = [SUITE, GENERATION, process.arch, wanted.variant, ...wanted.packages];
  const build = async (dir: string) => {
    if (!(await canInstallPackages())) {
      throw new LocalFailure(
        `No image registry answers, and ${wanted.name} can only be made as root on Debian or Ubuntu: connect to a registry.`,
      );
    }
    await aptInstall(['mmdebstrap', 'debian-archive-keyring'], report);
    report(`making the file system of ${wanted.name}`);
    const excludes = ['man', 'doc', 'locale', 'info'].map(
      (name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`,
    );
    const options = [
      `--variant=${wanted.variant}`,
      '--mode=root',
      '--format=tar',
      '--quiet',
      ...(wanted.packages.length > 0 ? [`--include=${wanted.packages.join(',')}`] : []),
      '--aptopt=Acquire::Languages "none"',
      '--dpkgopt=force-unsafe-io',
      ...excludes,
    ];
    await command('mmdebstrap', [...options, SUITE, join(dir, 'rootfs.tar')], {
      step: `Making the file system of ${wanted.name}`,
      env: { TMPDIR: dir },
      advice: 'Check that the package mirror can be reached, then run the command again.',
    });
    await stat(join(dir, 'rootfs.tar'));
  };
  return join(
    await cached(`rootfs-${wanted.name.replaceAll(' ', '-')}`, inputs, build, report),
    'rootfs.tar',
  );
}
