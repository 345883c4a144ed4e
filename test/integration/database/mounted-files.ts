import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Folders of this machine that containers have as their ConfigMaps and Secrets. */
export class MountedFiles {
  readonly #root = mkdtempSync(join(tmpdir(), 'cryptosense-members-'));

  path(folder: string): string {
    return join(this.#root, folder);
  }

  /** Every file is whole at any moment. */
  write(folder: string, files: Readonly<Record<string, string>>): void {
    const path = this.path(folder);
    mkdirSync(path, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(path, `${name}.new`), text, { mode: 0o644 });
      renameSync(join(path, `${name}.new`), join(path, name));
    }
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}
