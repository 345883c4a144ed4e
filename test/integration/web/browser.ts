import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { aptInstall, canInstallPackages } from '../../../local/apt.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];

/**
 * A headless Chromium: the one that CRYPTOSENSE_CHROMIUM names, one on the PATH, or, as root on Debian, that of its packages.
 * A text says why there is none. `args` are more of Chromium's flags.
 */
export async function openBrowser(args: readonly string[] = []): Promise<Browser | string> {
  const path = process.env.CRYPTOSENSE_CHROMIUM || onPath() || (await installed());
  if (path === undefined)
    return 'there is no Chromium on the PATH and none can be installed here; CRYPTOSENSE_CHROMIUM may name one';
  // A sandbox needs rights that a container or root does not have; the pages are our own.
  return chromium.launch({
    executablePath: path,
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...args],
  });
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function installed(): Promise<string | undefined> {
  if (!(await canInstallPackages())) return undefined;
  // Without a font of its own Chromium draws no letters.
  await aptInstall(['chromium', 'fonts-dejavu-core'], (line) => console.log(`note: ${line}`)).catch(() => {});
  return onPath();
}
