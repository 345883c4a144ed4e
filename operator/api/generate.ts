import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { customResourceDefinitions } from './crd.ts';
import { defaultsByTier, referencePage } from './reference.ts';
import { GROUP, KIND } from './well-known.ts';

const root = join(import.meta.dirname, '..', '..');

/** Path and text of each file that is made from the schemas: the CRDs and the pages of the reference. */
export function generatedFiles(): { path: string; text: string }[] {
  return customResourceDefinitions().flatMap((crd) => {
    const { kind, plural } = crd.spec.names;
    const yaml = stringify(crd, { aliasDuplicateObjects: false, lineWidth: 110 });
    return [
      {
        path: join(root, 'crds', `${GROUP}_${plural}.yaml`),
        text: `# Made by \`npm run crds\` from operator/api: change it there.\n${yaml}`,
      },
      {
        path: join(root, 'docs', 'reference', `${kind.replace('CryptoSense', '').toLowerCase()}.md`),
        text: referencePage(crd, kind === KIND ? defaultsByTier() : undefined),
      },
    ];
  });
}

/** A sentence when a committed file is not what the schemas make, undefined when they all are. */
export function drift(): string | undefined {
  const stale = generatedFiles().find(
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
    for (const { path, text } of generatedFiles()) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      console.log(`wrote ${relative(root, path)}`);
    }
  }
}
