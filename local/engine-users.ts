import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Someone who needs the engine: a cluster of a checkout. */
export interface EngineUser {
  checkout: string;
  /** The process that asked for the engine, so that a person can find out who it was. */
  pid: number;
  since: string;
}

/**
 * The users of a shared engine: one file each, named by the user, so that two processes that come and go at once
 * never write the same file. A checkout that was deleted no longer counts.
 */
export class EngineUsers {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async add(name: string, user: EngineUser): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeFile(join(this.#folder, `${name}.json`), `${JSON.stringify(user, null, 2)}\n`);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, `${name}.json`), { force: true });
  }

  /** The names of those who still need the engine. */
  async remaining(): Promise<string[]> {
    if (!existsSync(this.#folder)) return [];
    const names: string[] = [];
    for (const file of (await readdir(this.#folder)).sort()) {
      const user = await this.#read(file);
      if (user && existsSync(user.checkout)) names.push(file.replace(/\.json$/, ''));
      else await rm(join(this.#folder, file), { force: true });
    }
    return names;
  }

  async #read(file: string): Promise<EngineUser | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#folder, file), 'utf8')) as EngineUser;
    } catch {
      return undefined;
    }
  }
}
