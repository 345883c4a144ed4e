import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { customResourceDefinitions } from './crd.ts';
import { GROUP } from './environment.ts';

const root = join(import.meta.dirname, '..', '..');

/** Path and text of each file under crds/. */
export function crdFiles(): { path: string; text: string }[] {
  return customResourceDefinitions().map((crd) => {
    const text = stringify(crd, { aliasDuplicateObjects: false, lineWidth: 110 });
    return {
      path: join(root, 'crds', `${GROUP}_${crd.spec.names.plural}.yaml`),
      text: `# Made by \`npm run crds\` from operator/api: change it there.\n${text}`,
    };
  });
}

/** A sentence when a committed CRD is not what the schemas make, undefined when they all are. */
export function drift(): string | undefined {
  const stale = crdFiles().find(
    ({ path, text }) => (existsSync(path) ? readFileSync(path, 'utf8') : '') !== text,
  );
  if (!stale) return undefined;
  return `${relative(root, stale.path)} is not what operator/api makes: run "npm run crds" and commit the files.`;
}

if (import.meta.main) {
  if (process.argv.includes('--check')) {
    const sentence = drift();
    if (sentence !== undefined) {
      console.error(sentence);
      process.exitCode = 1;
    }
  } else {
    for (const { path, text } of crdFiles()) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`wrote ${relative(root, path)}`);
    }
  }
}
