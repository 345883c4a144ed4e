import { AsyncLocalStorage } from 'node:async_hooks';

const flows = new AsyncLocalStorage<string>();

/** Everything that `work` asks the API server for, also later and in what it calls, counts as this flow's. */
export function inFlow<T>(flow: string, work: () => T): T {
  return flows.run(flow, work);
}

/** For whom the code that runs now works: the key that is being reconciled, for one. */
export function currentFlow(): string | undefined {
  return flows.getStore();
}
