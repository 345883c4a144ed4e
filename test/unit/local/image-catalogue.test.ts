import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { contentKey, type ImageRecipe, recipes } from '../../../local/image-catalogue.ts';
import { suite } from '../../harness/suite.ts';

const recipe: ImageRecipe = {
  name: 'a:1',
  dockerfile: 'a.Dockerfile',
  context: '.',
  args: { V: '1' },
  sources: ['src'],
};

/** Runs `check` on a checkout that holds a Dockerfile and one source. */
async function inCheckout(check: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'image-key-'));
  try {
    await mkdir(join(root, 'src'));
    await writeFile(join(root, 'a.Dockerfile'), 'FROM scratch');
    await writeFile(join(root, 'src', 'one.ts'), '1');
    await check(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

const keys = suite('the content key of an image');

keys('is the same for the same content in another folder', () =>
  inCheckout((root) =>
    inCheckout(async (other) =>
      assert.is(await contentKey(other, recipe, 'base'), await contentKey(root, recipe, 'base')),
    ),
  ),
);

keys('changes with a source, the Dockerfile, an argument and the base image', () =>
  inCheckout(async (root) => {
    const seen = [await contentKey(root, recipe, 'base')];
    seen.push(await contentKey(root, recipe, 'newer base'));
    seen.push(await contentKey(root, { ...recipe, args: { V: '2' } }, 'base'));
    await writeFile(join(root, 'src', 'one.ts'), '2');
    seen.push(await contentKey(root, recipe, 'base'));
    await writeFile(join(root, 'a.Dockerfile'), 'FROM debian');
    seen.push(await contentKey(root, recipe, 'base'));
    assert.is(new Set(seen).size, seen.length);
  }),
);

keys('changes when a file is moved and when one appears', () =>
  inCheckout(async (root) => {
    const before = await contentKey(root, recipe, 'base');
    await writeFile(join(root, 'src', 'two.ts'), '');
    assert.is.not(await contentKey(root, recipe, 'base'), before);
    await rm(join(root, 'src', 'two.ts'));
    await rm(join(root, 'src', 'one.ts'));
    await writeFile(join(root, 'src', 'renamed.ts'), '1');
    assert.is.not(await contentKey(root, recipe, 'base'), before);
  }),
);

keys('does not change with a test beside the sources', () =>
  inCheckout(async (root) => {
    const before = await contentKey(root, recipe, 'base');
    await writeFile(join(root, 'src', 'one.test.ts'), 'a test');
    assert.is(await contentKey(root, recipe, 'base'), before);
  }),
);

keys('differs between the two good releases of the API, which have the same sources', async () => {
  const [first, second] = recipes.filter((recipe) => recipe.name.startsWith('cryptosense-api:1.'));
  assert.ok(first && second);
  assert.equal(first.sources, second.sources);
  assert.is.not(
    await contentKey(process.cwd(), first, 'base'),
    await contentKey(process.cwd(), second, 'base'),
  );
});

keys.run();
