import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { checkout } from '../../local/checkout.ts';
import { kubernetesBinaries } from '../../local/node/binaries.ts';
import {
  filled,
  readRunbook,
  STRICT,
  shellUnder,
  shellWith,
  type Variables,
} from '../harness/runbook-page.ts';

/** The API server that a page's kubectl talks to, and what stands for the pods where there is no kubelet. */
export interface Reach {
  /** Path of a kubeconfig; left out where the page asks the pods alone. */
  readonly kubeconfig?: string;
  /** Containers by the name of the pod that they stand for. */
  readonly containers?: Readonly<Record<string, string>>;
  /** What somebody has logged, by the name under which `kubectl logs` asks for it; `selected` when it asks by labels. */
  readonly logs?: Readonly<Record<string, () => string>>;
}

/** A page of docs/runbooks as somebody at night has it: shell to copy, with a few names to be put in. */
export interface Runbook {
  /** Runs every command under a heading, in its order; what they printed. "Look" when left out. */
  look(heading?: string): Promise<string>;
  /** Runs the one block of shell that has these words. `filledIn`: texts of the block and what a person writes in their place. */
  mend(words: string, filledIn?: Readonly<Record<string, string>>): Promise<string>;
}

/** `name` is that of the page, without its ending. Its commands fail the test when they fail. */
export function runbook(name: string, variables: Variables, reach: Reach): Runbook {
  const page = readRunbook(name);
  const carryOut = async (script: string) => {
    const { exitCode, all } = await run(script, reach);
    if (exitCode !== 0) throw new Error(`${name}: exit code ${exitCode} of\n${script}\n${all}`);
    return all;
  };
  return {
    look: async (heading = 'Look') => carryOut(filled(shellUnder(page, heading).join('\n'), variables)),
    mend: async (words, filledIn = {}) => carryOut(filled(shellWith(page, words), variables, filledIn)),
  };
}

/** The kubelet's part of kubectl, for pods that something else stands for; everything else is asked of the API server. */
const KUBECTL = `#!/bin/bash
asked=("$@") verb= pod= input= lines=all
while [ $# -gt 0 ]; do
  case $1 in
    -n | -c) shift ;;
    -l) pod=selected; shift ;;
    -i) input=-i ;;
    --tail=*) lines=\${1#--tail=} ;;
    --) shift; break ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$1; elif [ -z "$pod" ]; then pod=$1; fi ;;
  esac
  shift
done
container=$STAND_INS/containers/$pod log=$STAND_INS/logs/$pod
case $verb in
  exec) [ ! -f "$container" ] || exec docker exec $input "$(<"$container")" "$@" ;;
  logs)
    [ ! -f "$container" ] || exec docker logs --tail "$lines" "$(<"$container")" 2>&1
    [ ! -f "$log" ] || exec tail -n "\${lines/all/+1}" "$log" ;;
esac
exec "$KUBECTL" "\${asked[@]}"
`;

async function run(script: string, reach: Reach): Promise<{ exitCode: number; all: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-runbook-'));
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode });
  };
  try {
    write('bin/kubectl', KUBECTL, 0o755);
    const cli = `#!/bin/sh\nexec "${process.execPath}" "${join(checkout, 'cli', 'main.ts')}" "$@"\n`;
    write('bin/kubectl-cryptosense', cli, 0o755);
    for (const [pod, container] of Object.entries(reach.containers ?? {}))
      write(`stand-ins/containers/${pod}`, container);
    for (const [name, log] of Object.entries(reach.logs ?? {})) write(`stand-ins/logs/${name}`, log());
    const { exitCode = -1, all } = await execa('bash', ['-c', STRICT + script], {
      // What a page writes on the way is in the folder that the reader is in.
      cwd: folder,
      env: {
        PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
        KUBECTL: join(await kubernetesBinaries(console.log), 'kubectl'),
        KUBECONFIG: reach.kubeconfig ?? '/dev/null',
        STAND_INS: join(folder, 'stand-ins'),
      },
      all: true,
      reject: false,
      stdin: 'ignore',
      timeout: 120_000,
    });
    return { exitCode, all };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
