import { execa } from 'execa';

/** Runs a docker command, and returns what it says. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr, failed } = await execa('docker', args, { reject: false });
  if (failed) throw new Error(`docker ${args.slice(0, 3).join(' ')}: ${stderr.slice(0, 500)}`);
  return args[0] === 'logs' ? stdout + stderr : stdout;
}
