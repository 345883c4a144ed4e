import { prepareIntegration } from '../../harness/prepare.ts';
import type { Figure } from '../figure.ts';
import { wantedParts, wholeNumber } from '../settings.ts';

const PARTS = ['backups', 'gaps', 'pooler'];

const report = (line: string) => process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`);

/**
 * The database's own programs beside what they are made of, in real containers. `BENCH_PARTS` names some of the parts,
 * with commas between them. What it says goes to standard error.
 */
export async function benchData(): Promise<Figure[]> {
  const parts = wantedParts(PARTS, process.env.BENCH_PARTS);
  const engine = await prepareIntegration(report);
  Object.assign(process.env, engine.env);
  const figures: Figure[] = [];
  try {
    // Read only now, when the environment names the images.
    if (parts.includes('pooler')) {
      const { measurePooler } = await import('./pooler.ts');
      figures.push(...(await measurePooler({ queries: wholeNumber('BENCH_QUERIES', 10_000), report })));
    }
    if (parts.includes('backups')) {
      const { measureBackups } = await import('./backups.ts');
      const megabytes = wholeNumber('BENCH_DATA_MB', 1_000);
      figures.push(...(await measureBackups({ megabytes, rounds: wholeNumber('BENCH_ROUNDS', 3), report })));
    }
    if (parts.includes('gaps')) {
      const { measureGaps } = await import('./gaps.ts');
      const failovers = wholeNumber('BENCH_FAILOVERS', 20);
      figures.push(
        ...(await measureGaps({ failovers, switchovers: wholeNumber('BENCH_SWITCHOVERS', 10), report })),
      );
    }
  } finally {
    await engine.cleanUp();
  }
  report('rto_5gb_seconds is left out: it takes a quarter of an hour, and is measured by npm run test:soak');
  return figures;
}
