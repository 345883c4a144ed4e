import type { Environment } from '../../operator/api/resolved.ts';
import { findEnvironment, followEnvironment, listEnvironments } from '../cluster/environments.ts';
import { readParts } from '../cluster/parts.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import type { Session } from '../session.ts';
import type { Health, Part } from '../status/node.ts';
import { listLines, statusLines } from '../status/render.ts';
import { environmentHealth, treeOf } from '../status/tree.ts';
import { liveArea } from '../terminal/live.ts';

export interface StatusOptions {
  allNamespaces?: boolean;
  watch?: boolean;
}

/** `status [environment]`: the tree of one, or a line each when there are several and none is named. */
export async function status(
  session: Session,
  name: string | undefined,
  { allNamespaces = false, watch = false }: StatusOptions,
): Promise<ExitCode> {
  if (name === undefined) {
    const all = await listEnvironments(session, { isEverywhere: allNamespaces });
    if (all.length !== 1 || allNamespaces) return list(session, all, allNamespaces);
  }
  const environment = await findEnvironment(session, name);
  if (watch && session.terminal.isLive && session.format === 'text') return redraw(session, environment);
  const tree = await look(session, environment);
  show(session, tree.value, () => tree.lines());
  return codeOf(tree.value.health);
}

function list(session: Session, all: readonly Environment[], isEverywhere: boolean): ExitCode {
  if (all.length === 0) {
    const where = isEverywhere ? 'any namespace' : `namespace ${session.namespace}`;
    if (session.format !== 'text') show(session, [], () => []);
    throw new CliError(
      `There is no environment in ${where}. examples/ has one a tier to start from: kubectl apply -f examples/local.yaml.`,
      EXIT.notFound,
    );
  }
  const value = all.map((environment) => ({
    namespace: environment.metadata.namespace,
    name: environment.metadata.name,
    tier: environment.spec.tier,
    health: environmentHealth(environment),
    summary: environment.status?.summary ?? '',
    image: environment.status?.stable?.image,
  }));
  show(session, value, () => listLines(all, session.terminal.paint, session.now()));
  return value.some(({ health }) => health === 'bad') ? EXIT.no : EXIT.done;
}

async function look(session: Session, environment: Environment) {
  const parts = await readParts(session, environment);
  const now = session.now();
  const value: Part & { waitingFor: unknown; conditions: unknown } = {
    ...treeOf(environment, parts, now),
    waitingFor: environment.status?.waitingFor ?? [],
    conditions: environment.status?.conditions ?? [],
  };
  const hidden = Object.entries(parts).flatMap(([kind, { missing }]) =>
    missing === 'forbidden' ? [kind] : [],
  );
  const lines = () => [
    ...statusLines(environment, value, session.terminal.paint, now),
    ...(hidden.length > 0
      ? ['', `Not shown, because you may not list them: ${hidden.sort().join(', ')}.`]
      : []),
  ];
  return { value, lines };
}

/** Draws the tree again whenever the environment changes, until Ctrl-C. */
async function redraw(session: Session, environment: Environment): Promise<ExitCode> {
  const area = liveArea(session);
  try {
    for await (const seen of followEnvironment(session, environment.metadata)) {
      if (seen === undefined) throw new CliError(`${environment.metadata.name} was deleted.`, EXIT.notFound);
      area.draw((await look(session, seen)).lines());
    }
  } finally {
    area.end();
  }
  return EXIT.done;
}

function codeOf(health: Health): ExitCode {
  return health === 'bad' ? EXIT.no : EXIT.done;
}
