import { baseImage, ensureBaseImage } from './base-image.ts';
import { withBundleContext } from './bundle-context.ts';
import { checkout } from './checkout.ts';
import { ask } from './command.ts';
import { docker, dockerEnv, imageId } from './docker.ts';
import type { Engine } from './engine.ts';
import { contentKey, type ImageRecipe, recipes } from './image-catalogue.ts';
import type { Report } from './report.ts';

export interface ProjectImage {
  /** What manifests call it, for instance cryptosense-api:1.0.0. In the engine it has no such tag: see `content`. */
  name: string;
  /** Its tag in the engine, made of its content: checkouts that share the engine never overwrite each other's. */
  content: string;
  /** The engine's id of it; changes when anything in the image does. */
  id: string;
  bytes: number;
  /** False when an earlier run had built it already. */
  built: boolean;
}

export type ProjectImages = readonly ProjectImage[];

export interface BuildImages {
  engine: Engine;
  /** Friendly names or parts of them, for instance ["cryptosense-api"]; all images when left out. */
  only?: readonly string[];
  report: Report;
}

/**
 * Builds the project's images, those whose content is already in the engine excepted. Two lanes, because the
 * bundles are work for the processor and the packaged ones wait for the network.
 */
export async function buildImages({ engine, only, report }: BuildImages): Promise<ProjectImages> {
  await ensureBaseImage(engine, report);
  const baseId = await baseImageId(engine, report);
  const wanted = recipes.filter(({ name, onlyByName }) =>
    only ? only.some((part) => name.includes(part)) : !onlyByName,
  );
  const lanes = [
    wanted.filter((recipe) => recipe.context === '.'),
    wanted.filter((recipe) => recipe.context !== '.'),
  ];
  const results = await Promise.allSettled(
    lanes.map(async (lane) => {
      const images: ProjectImage[] = [];
      for (const recipe of lane) images.push(await buildImage(engine, recipe, baseId, report));
      return images;
    }),
  );
  return results.flatMap((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

async function buildImage(
  engine: Engine,
  recipe: ImageRecipe,
  baseId: string,
  report: Report,
): Promise<ProjectImage> {
  const [repository = ''] = recipe.name.split(':');
  const content = `${repository}:content-${await contentKey(checkout, recipe, baseId)}`;
  const known = await imageId(engine.dockerHost, content);
  if (known === undefined) {
    report(`building ${recipe.name}`);
    await build(engine, recipe, content, report);
  }
  const image = {
    name: recipe.name,
    content,
    ...(await inspect(engine, content)),
    built: known === undefined,
  };
  report(`${image.name}: ${megabytes(image.bytes)}${image.built ? '' : ', already built'}`);
  return image;
}

async function build(engine: Engine, recipe: ImageRecipe, tag: string, report: Report): Promise<void> {
  const { dockerfile, sources, entry, context } = recipe;
  const args = Object.entries(recipe.args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const flags = ['build', '--file', dockerfile, '--tag', tag, ...args];
  const options = {
    step: `Building ${recipe.name}`,
    cwd: checkout,
    onLine: (line: string) => {
      if (line.startsWith('Step ')) report(`${recipe.name}: ${line.toLowerCase().slice(0, 80)}`);
    },
  };
  if (entry === undefined) {
    await docker(engine.dockerHost, [...flags, context], options);
    return;
  }
  await withBundleContext({ entry, page: recipe.page }, [dockerfile, ...sources], (inputFile) =>
    docker(engine.dockerHost, [...flags, '-'], { ...options, inputFile }),
  );
}

/** The size as it is printed: decimal megabytes, as docker prints them. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/** With a registry the base is pulled here, so that its id is known before the first build. */
async function baseImageId(engine: Engine, report: Report): Promise<string> {
  const id = await imageId(engine.dockerHost, baseImage);
  if (id !== undefined) return id;
  report(`pulling ${baseImage}`);
  await docker(engine.dockerHost, ['pull', '--quiet', baseImage], { step: `Pulling ${baseImage}` });
  return (await imageId(engine.dockerHost, baseImage)) ?? baseImage;
}

async function inspect(engine: Engine, tag: string): Promise<{ id: string; bytes: number }> {
  const env = dockerEnv(engine.dockerHost);
  const answer = await ask('docker', ['image', 'inspect', '--format', '{{.Id}} {{.Size}}', tag], { env });
  const [id = '', size = '0'] = (answer ?? '').trim().split(' ');
  return { id, bytes: Number(size) };
}
