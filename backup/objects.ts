import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { API_VERSION, BACKUP_KIND, BACKUP_PLURAL } from '../operator/api/well-known.ts';
import { JOB_ANNOTATION } from '../operator/backup/jobs.ts';
import type { BackupStatus, BackupType } from '../operator/backup/record.ts';

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TIMEOUT_MS = 15_000;

/** A CryptoSenseBackup, as far as the Job looks into it. */
export interface BackupObject {
  readonly metadata: { readonly name: string; readonly generation?: number };
  readonly spec: { readonly environment: string; readonly type?: BackupType };
  readonly status?: BackupStatus;
}

/** The CryptoSenseBackups of a namespace. Every method throws an Error with one sentence. */
export interface BackupObjects {
  get(name: string): Promise<BackupObject | undefined>;
  /** One that is there already is left as it is. */
  create(name: string, spec: { environment: string; type: BackupType }): Promise<void>;
  /** Replaces the conditions, and changes the fields that `status` names. */
  writeStatus(name: string, status: BackupStatus): Promise<void>;
}

/** Those of the cluster that this pod runs in, with the rights of its ServiceAccount. */
export function clusterObjects(namespace: string, job: string, server = ownServer()): BackupObjects {
  const call = (method: string, path: string, body?: unknown) => ask(server, method, path, body);
  const path = `/apis/${API_VERSION}/namespaces/${namespace}/${BACKUP_PLURAL}`;
  return {
    get: async (name) => {
      const answer = await call('GET', `${path}/${name}`);
      return answer.code === 404
        ? undefined
        : (JSON.parse(succeeded(answer, `reading ${name}`)) as BackupObject);
    },
    create: async (name, spec) => {
      const metadata = { name, namespace, annotations: { [JOB_ANNOTATION]: job } };
      const body = { apiVersion: API_VERSION, kind: BACKUP_KIND, metadata, spec };
      const answer = await call('POST', path, body);
      if (answer.code !== 409) succeeded(answer, `making ${name}`);
    },
    writeStatus: async (name, status) => {
      const answer = await call('PATCH', `${path}/${name}/status`, { status });
      succeeded(answer, `writing the status of ${name}`);
    },
  };
}

/** An API server, and the folder with the token for it. */
interface Server {
  readonly host: string | undefined;
  readonly port: string;
  readonly account: string;
}

function ownServer(): Server {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  return { host, port, account: ACCOUNT };
}

interface Answer {
  code: number;
  text: string;
}

function succeeded({ code, text }: Answer, what: string): string {
  if (code >= 200 && code < 300) return text;
  throw new Error(`${what} was refused by the API server (${code}): ${text.slice(0, 300)}`);
}

function ask(server: Server, method: string, path: string, body?: unknown): Promise<Answer> {
  const { host, port, account } = server;
  if (!host) return Promise.reject(new Error('this is no pod: KUBERNETES_SERVICE_HOST is not set'));
  const agent = new Agent({ ca: readFileSync(join(account, 'ca.crt')) });
  const headers = {
    authorization: `Bearer ${readFileSync(join(account, 'token'), 'utf8').trim()}`,
    accept: 'application/json',
    'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
  };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host, port, path, method, headers, agent, signal: AbortSignal.timeout(TIMEOUT_MS) },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.once('end', () => resolve({ code: answer.statusCode ?? 0, text }));
        answer.once('error', reject);
      },
    );
    asked.once('error', (error) => reject(new Error(`the API server does not answer: ${error.message}`)));
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
