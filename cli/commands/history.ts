import { LABELS } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { findEnvironment } from '../cluster/environments.ts';
import { readAll } from '../cluster/parts.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import { historyLines, historyOf } from '../rollout/history.ts';
import type { Session } from '../session.ts';

/** `history`: the releases with image, when, and what became of them. */
export async function history(session: Session, name: string | undefined): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  const records = await readAll(session, {
    resource: RESOURCES.controllerRevisions,
    namespace,
    labelSelector: `${LABELS.environment}=${own},${LABELS.revision}`,
  });
  const entries = historyOf(environment, records.items);
  show(session, entries, () => historyLines(entries, session.terminal.paint, session.now()));
  return EXIT.done;
}
