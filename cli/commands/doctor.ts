import { findEnvironment } from '../cluster/environments.ts';
import { CHECKS } from '../doctor/checks.ts';
import { diagnose } from '../doctor/finding.ts';
import { readFacts } from '../doctor/read.ts';
import { doctorLines } from '../doctor/render.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import type { Session } from '../session.ts';
import { withSpinner } from '../terminal/live.ts';

/** `doctor`: the guide's checklists, each item looked at. 1 when something is to be mended. */
export async function doctor(
  session: Session,
  name: string | undefined,
  { strict = false }: { strict?: boolean },
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const facts = await withSpinner(session, 'looking', () => readFacts(session, environment));
  const results = diagnose(CHECKS, facts);
  const { namespace, name: own } = environment.metadata;
  const title = `${namespace}/${own}, tier ${environment.spec.tier}`;
  show(session, results, () => doctorLines(title, results, session.terminal.paint));
  const isBad = results.some(({ verdict }) => verdict === 'fail' || (strict && verdict === 'warn'));
  return isBad ? EXIT.no : EXIT.done;
}
