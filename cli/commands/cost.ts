import { resolveEnvironment } from '../../operator/api/resolved.ts';
import { findEnvironment } from '../cluster/environments.ts';
import type { Prices } from '../cost/by-prices.ts';
import { type Estimate, estimateOf } from '../cost/estimate.ts';
import type { Range } from '../cost/range.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { show } from '../output.ts';
import type { Session } from '../session.ts';
import { tableOf } from '../terminal/table.ts';
import type { Paint } from '../terminal/terminal.ts';

export type CostOptions = Partial<Prices>;

/** `cost`: an estimate a month, with what it takes for granted. */
export async function cost(
  session: Session,
  name: string | undefined,
  options: CostOptions,
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  const estimate = estimateOf(resolveEnvironment(environment).spec, pricesOf(options));
  const title = `${namespace}/${own}, tier ${estimate.tier}, a month`;
  show(session, { environment: `${namespace}/${own}`, ...estimate }, () =>
    costLines(title, estimate, session.terminal.paint),
  );
  return EXIT.done;
}

function pricesOf({ cpu, memory, storage }: CostOptions): Prices | undefined {
  if (cpu === undefined && memory === undefined && storage === undefined) return undefined;
  const all = { '--cpu': cpu, '--memory': memory, '--storage': storage };
  for (const [option, price] of Object.entries(all)) {
    if (price === undefined)
      throw new CliError(
        `${option} is missing: give all three prices, --cpu, --memory and --storage, or none.`,
        EXIT.usage,
      );
    if (!(price >= 0))
      throw new CliError(`${option} is no price: write dollars a month, such as 25 or 0.1.`, EXIT.usage);
  }
  return { cpu: cpu as number, memory: memory as number, storage: storage as number };
}

/** Pure. */
export function costLines(
  title: string,
  { items, total, phase, phaseCost, assumptions }: Estimate,
  paint: Paint,
): string[] {
  const rows = items.map(({ part, what, cost: range }) => [part, what, dollars(range)]);
  const table = tableOf(
    ['PART', 'WHAT', 'COST'],
    [...rows, ['', paint('strong', 'in all'), paint('strong', dollars(total))]],
  );
  return [
    paint('strong', title),
    '',
    ...table,
    '',
    ...(phaseCost.high > 0
      ? [`The guide's phase is ${phase}: ${dollars(phaseCost)} for everything of that phase.`]
      : []),
    'Taken for granted:',
    ...assumptions.map((sentence) => `· ${sentence}`),
  ];
}

function dollars({ low, high }: Range): string {
  const [from, to] = [Math.round(low), Math.round(high)];
  return from === to ? `$${from}` : `$${from}-${to}`;
}
