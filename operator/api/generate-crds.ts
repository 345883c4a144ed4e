import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { customResourceDefinition } from './crd.ts';
import { GROUP, PLURAL } from './environment.ts';

const root = join(import.meta.dirname, '..', '..');

export const CRD_FILE = join(root, 'crds', `${GROUP}_${PLURAL}.yaml`);

/** The text of the file under crds/. */
export function crdText(): string {
  const text = stringify(customResourceDefinition(), { aliasDuplicateObjects: false, lineWidth: 110 });
  return `# Made by \`npm run crds\` from operator/api/environment.ts: change it there.\n${text}`;
}

/** A sentence when the committed CRD is not what the schema makes, undefined when it is. */
export function drift(): string | undefined {
  const committed = existsSync(CRD_FILE) ? readFileSync(CRD_FILE, 'utf8') : '';
  if (committed === crdText()) return undefined;
  return `${relative(root, CRD_FILE)} is not what operator/api/environment.ts makes: run "npm run crds" and commit the file.`;
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const sentence = drift();
    if (sentence !== undefined) {
      console.error(sentence);
      process.exitCode = 1;
    }
  } else {
    mkdirSync(dirname(CRD_FILE), { recursive: true });
    writeFileSync(CRD_FILE, crdText());
    console.log(`wrote ${relative(root, CRD_FILE)}`);
  }
}
