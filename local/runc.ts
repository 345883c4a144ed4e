import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildGo } from './go.ts';
import type { Report } from './report.ts';

const CAP_SYS_RESOURCE = 24n;

/** Whether this process may ever have CAP_SYS_RESOURCE, from the text of /proc/self/status. */
export function hasSysResource(status: string): boolean {
  const bounding = status.match(/^CapBnd:\s*([0-9a-f]+)$/m)?.[1];
  if (bounding === undefined) return true;
  return ((BigInt(`0x${bounding}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** True on a machine where even root lacks CAP_SYS_RESOURCE. */
export async function lacksSysResource(): Promise<boolean> {
  return !hasSysResource(await readFile('/proc/self/status', 'utf8'));
}

/** The flags that make dockerd use the wrapper around runc; none where the capability is there. */
export async function runtimeFlags(report: Report): Promise<string[]> {
  if (!(await lacksSysResource())) return [];
  const folder = await buildGo({ name: 'runc-without-sys-resource', packages: ['.'], report });
  const binary = join(folder, 'runc-without-sys-resource');
  return ['--add-runtime', `adapted-runc=${binary}`, '--default-runtime', 'adapted-runc'];
}
