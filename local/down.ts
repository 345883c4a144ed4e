import { down } from './cluster.ts';
import { clusterName, purposes } from './cluster-name.ts';
import { printLine, script } from './steps.ts';

// npm run down: this checkout's clusters, and the engine when nobody else uses it. The caches stay.
await script(async () => {
  const removed: string[] = [];
  for (const purpose of purposes) {
    removed.push(...(await down({ name: clusterName(purpose), report: printLine })));
  }
  for (const thing of removed) printLine(`removed ${thing}`);
  printLine(
    removed.length > 0
      ? 'Everything of this checkout is down; its caches stay.'
      : 'There was nothing to remove.',
  );
});
