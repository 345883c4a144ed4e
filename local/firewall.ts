/** The rules, chains and policies of one table in the output of iptables-save. */
interface Table {
  chains: Map<string, string>;
  rules: string[];
}

function parse(saved: string): Map<string, Table> {
  const tables = new Map<string, Table>();
  let table: Table = { chains: new Map(), rules: [] };
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) {
      table = { chains: new Map(), rules: [] };
      tables.set(line.slice(1), table);
    } else if (line.startsWith(':')) {
      const [chain = '', policy = '-'] = line.slice(1).split(' ');
      table.chains.set(chain, policy);
    } else if (line.startsWith('-A ')) {
      table.rules.push(line);
    }
  }
  return tables;
}

// The last: a published port's hairpin rule, which names only the container's address, twice.
const dockerRule = /DOCKER|docker0|\bbr-[0-9a-f]{12}\b|-s (\S+\/32) -d \1 .*MASQUERADE/;

/**
 * What iptables-restore --noflush has to be fed so that nothing of Docker's is left in the firewall that was not
 * there before. Rules that others added in the meantime stay. Empty when there is nothing to undo.
 */
export function undoScript(before: string, now: string): string {
  const old = parse(before);
  const script: string[] = [];
  for (const [name, table] of parse(now)) {
    const was = old.get(name);
    const rules = table.rules.filter((rule) => !was?.rules.includes(rule) && dockerRule.test(rule));
    const chains = [...table.chains.keys()].filter(
      (chain) => chain.startsWith('DOCKER') && !was?.chains.has(chain),
    );
    const lines = [
      ...policies(table, was),
      ...rules
        .filter((rule) => !chains.includes(rule.split(' ')[1] ?? ''))
        .map((rule) => `-D ${rule.slice(3)}`),
      ...chains.map((chain) => `-F ${chain}`),
      ...chains.map((chain) => `-X ${chain}`),
    ];
    if (lines.length > 0) script.push(`*${name}`, ...lines, 'COMMIT');
  }
  return script.length > 0 ? `${script.join('\n')}\n` : '';
}

/** dockerd sets FORWARD to DROP; the kernel's own policy is ACCEPT where no table existed. */
function policies(table: Table, was: Table | undefined): string[] {
  const policy = table.chains.get('FORWARD');
  const former = was?.chains.get('FORWARD') ?? 'ACCEPT';
  return policy !== undefined && policy !== '-' && policy !== former ? [`-P FORWARD ${former}`] : [];
}
