import { existsSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from './cache.ts';
import { ask, command } from './command.ts';
import { withLock } from './lock.ts';
import type { Report } from './report.ts';

const POLICY = '/usr/sbin/policy-rc.d';
const POLICY_MARK = '# written by cryptosense while it installs packages; safe to delete';

/** Whether packages can be installed here: root on Debian, Ubuntu or a relative of theirs. */
export async function canInstallPackages(): Promise<boolean> {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && existsSync('/etc/debian_version');
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: this is dpkg's own notation.
const FORMAT = '${db:Status-Status}';

async function isInstalled(name: string): Promise<boolean> {
  const status = await ask('dpkg-query', ['-W', '-f', FORMAT, name]);
  return status === 'installed';
}

/** Installs Debian packages that are missing, without recommendations and without starting any service. */
export async function aptInstall(names: string[], report: Report): Promise<void> {
  await withLock(join(cacheRoot(), 'apt.lock'), 'installing packages', report, async () => {
    const missing: string[] = [];
    for (const name of names) if (!(await isInstalled(name))) missing.push(name);
    if (missing.length === 0) return;
    report(`installing ${missing.join(', ')}`);
    await withoutServices(async () => {
      const options = {
        step: 'Installing packages',
        env: { DEBIAN_FRONTEND: 'noninteractive' },
        advice: 'Check that the package mirror can be reached, then run the command again.',
      };
      await command('apt-get', ['update'], options);
      const settings = ['-o', 'DPkg::Lock::Timeout=120', '-y', '--no-install-recommends'];
      await command('apt-get', ['install', ...settings, ...missing], options);
    });
  });
}

/**
 * Debian's packages start their services when installed. policy-rc.d is the documented way to refuse; one that
 * the machine has already is left alone, and ours goes again even when the process is interrupted.
 */
async function withoutServices(work: () => Promise<void>): Promise<void> {
  const theirs = existsSync(POLICY) && !(await readFile(POLICY, 'utf8')).includes(POLICY_MARK);
  if (theirs) return work();
  await writeFile(POLICY, `#!/bin/sh\n${POLICY_MARK}\nexit 101\n`, { mode: 0o755 });
  const remove = () => rmSync(POLICY, { force: true });
  process.once('exit', remove);
  try {
    await work();
  } finally {
    remove();
    process.off('exit', remove);
  }
}
