import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prometheusBinary } from '../../../local/node/binaries.ts';
import { endProcess, eventually, freePorts, startProcess } from '../processes.ts';

/** A page to be scraped: where it is, and the labels that its series get. */
export interface Target {
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Prometheus {
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * A real Prometheus that scrapes the targets, every second when nothing else is said, and evaluates the rules as often.
 * Ready when it has seen each target. `rules` are the groups of a file of rules.
 */
export async function startPrometheus(
  targets: readonly Target[],
  { interval = '1s', rules = [] }: { interval?: string; rules?: readonly object[] } = {},
): Promise<Prometheus> {
  const binary = await prometheusBinary((line) => console.log(line));
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-prometheus-'));
  const [port = 0] = await freePorts(1);
  const address = `http://127.0.0.1:${port}`;
  const static_configs = targets.map(({ address: target, labels }) => ({ targets: [target], labels }));
  const config = join(folder, 'prometheus.json');
  const ruleFile = join(folder, 'rules.json');
  // JSON is YAML.
  writeFileSync(ruleFile, JSON.stringify({ groups: rules }));
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: interval, evaluation_interval: interval },
      rule_files: [ruleFile],
      scrape_configs: [{ job_name: 'api', static_configs }],
    }),
  );
  const server = startProcess(
    binary,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    join(folder, 'log'),
  );
  const stop = async () => {
    await endProcess(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually('Prometheus has scraped its targets', async () => {
      if (server.exitCode !== null) throw new Error(`prometheus ended with ${server.exitCode}`);
      const url = `${address}/api/v1/query?query=${encodeURIComponent('sum(up)')}`;
      const answer = await fetch(url).catch(() => undefined);
      if (!answer?.ok) return false;
      const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result[0]?.value[1] === String(targets.length);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, stop };
}
