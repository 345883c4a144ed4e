import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, canInstallPackages } from '../../../../local/apt.ts';
import { cached } from '../../../../local/cache.ts';
import { ask, command } from '../../../../local/command.ts';

const requirements = join(import.meta.dirname, 'requirements.txt');

/**
 * Installs schemathesis and what it needs from PyPI, each file by its hash, into the cache of this project; returns the
 * folder, for PYTHONPATH. (A virtual environment could not be moved there once it is whole.) Throws LocalFailure.
 */
export async function installSchemathesis(report: (line: string) => void): Promise<string> {
  const python = (await ask('python3', ['--version']))?.trim() ?? 'none';
  const inputs = [readFileSync(requirements), python];
  return cached('schemathesis', inputs, async (folder) => {
    const hasPip = (await ask('python3', ['-m', 'pip', '--version'])) !== undefined;
    if (!hasPip && (await canInstallPackages())) await aptInstall(['python3-pip'], report);
    report('installing schemathesis');
    const options = [
      '--quiet',
      '--no-input',
      '--disable-pip-version-check',
      '--require-hashes',
      '--only-binary=:all:',
    ];
    await command('python3', ['-m', 'pip', 'install', ...options, '--target', folder, '-r', requirements], {
      step: 'Installing schemathesis',
      advice: 'Python 3.11 or newer with pip is needed; check that the package index can be reached.',
    });
  });
}
