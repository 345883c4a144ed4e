import { BACKUPS } from './checks/backups.ts';
import { LAUNCH } from './checks/launch.ts';
import { MONITORING } from './checks/monitoring.ts';
import { NETWORK } from './checks/network.ts';
import { OPERATION } from './checks/operation.ts';
import { REHEARSALS } from './checks/rehearsals.ts';
import { SCALING } from './checks/scaling.ts';
import { SECRETS } from './checks/secrets.ts';
import { VOLUMES } from './checks/volumes.ts';
import { WAY_IN } from './checks/way-in.ts';
import type { Check } from './finding.ts';

const ALL = [
  ...LAUNCH,
  ...SECRETS,
  ...WAY_IN,
  ...NETWORK,
  ...BACKUPS,
  ...MONITORING,
  ...SCALING,
  ...OPERATION,
  ...REHEARSALS,
  ...VOLUMES,
];

/** The guide's two checklists, in its order: what has to be so before the launch, then what has to stay so. */
export const CHECKS: readonly Check[] = [
  ...ALL.filter(({ list }) => list === 'pre-launch'),
  ...ALL.filter(({ list }) => list === 'post-launch'),
];
