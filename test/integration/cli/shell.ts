import { join } from 'node:path';
import { execa } from 'execa';
import { checkout } from '../../../local/checkout.ts';

/** What a command came to. */
export interface Result {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/** `kubectl cryptosense` as somebody types it, in a pipe. */
export async function cryptosense(kubeconfig: string, ...args: string[]): Promise<Result> {
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(checkout, 'cli', 'main.ts'), ...args],
    // No colours, whatever the one who runs the tests has set.
    {
      env: { KUBECONFIG: kubeconfig, NO_COLOR: '', FORCE_COLOR: '0' },
      reject: false,
      stdin: 'ignore',
      timeout: 120_000,
    },
  );
  return { exitCode, stdout, stderr };
}
