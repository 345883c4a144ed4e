import type { Case } from './doctor-fault.ts';
import { LAUNCH_FAULTS } from './doctor-faults-launch.ts';
import { OPERATION_FAULTS } from './doctor-faults-operation.ts';
import { WAY_IN_FAULTS } from './doctor-faults-way-in.ts';

export const FAULTS: Case[] = [...LAUNCH_FAULTS, ...WAY_IN_FAULTS, ...OPERATION_FAULTS];
