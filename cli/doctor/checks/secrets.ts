import { names } from '../../../operator/api/resolved.ts';
import { looksSecret } from '../../support/redact.ts';
import { type Check, type Finding, fail, unknown } from '../finding.ts';

/** The keys that the pods of an environment mount. */
const CREDENTIALS = ['POSTGRES_PASSWORD', 'APP_PASSWORD'];

const secrets: Check = {
  id: 'secrets',
  list: 'pre-launch',
  item: 'Secrets stored securely',
  look({ environment, resolved, secrets: known }) {
    const findings: Finding[] = [];
    for (const [key, value] of Object.entries(resolved.spec.release.config)) {
      if (looksSecret(key, value))
        findings.push(
          fail(
            `spec.release.config.${key} looks like a secret, and everybody who may read the environment sees it`,
            'Take it out and change it where it is valid: it is in the history, too. Passwords belong into a Secret.',
          ),
        );
    }
    const own = names(environment.metadata.name).credentials;
    const credentials = known[own];
    if (credentials?.state === 'absent')
      findings.push(
        fail(
          `Secret ${own} with the logins is not there`,
          'Restore it from your copy: the operator never makes it anew over a database that is there.',
        ),
      );
    if (credentials?.state === 'there') {
      const missing = CREDENTIALS.filter((key) => !credentials.keys.includes(key));
      if (missing.length > 0)
        findings.push(
          fail(
            `Secret ${own} has no key ${missing.join(', ')}`,
            'Restore it from your copy; pods that are started now do not come up.',
          ),
        );
    }
    if (credentials?.state === 'forbidden')
      findings.push(
        unknown(
          `Secret ${own} may not be read (only its keys would be looked at)`,
          'That is good: ask somebody who may, if a pod does not find its login.',
        ),
      );
    for (const name of resolved.spec.images.pullSecrets)
      if (known[name]?.state === 'absent')
        findings.push(
          fail(
            `Secret ${name} of spec.images.pullSecrets is not there`,
            `kubectl create secret docker-registry ${name} ...: pods on new nodes cannot pull their images.`,
          ),
        );
    for (const { name: receiver, urlSecret, signingSecret } of resolved.spec.notifications.webhooks)
      for (const { name, key } of [urlSecret, ...(signingSecret ? [signingSecret] : [])]) {
        const secret = known[name];
        const isMissing =
          secret?.state === 'absent' || (secret?.state === 'there' && !secret.keys.includes(key));
        if (!isMissing) continue;
        findings.push(
          fail(
            `Secret ${name} has no key ${key}, where messages to ${receiver} go`,
            'docs/notifications.md has the command that makes it.',
          ),
        );
      }
    return findings;
  },
};

export const SECRETS: readonly Check[] = [secrets];
