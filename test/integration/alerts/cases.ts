import type { Case } from './cases/case.ts';
import { DATA } from './cases/data.ts';
import { GUIDE } from './cases/guide.ts';
import { OBJECTIVES } from './cases/objectives.ts';
import { OPERATIONS } from './cases/operations.ts';
import { OPERATOR } from './cases/operator.ts';

export const CASES: readonly Case[] = [...GUIDE, ...OBJECTIVES, ...DATA, ...OPERATIONS, ...OPERATOR];

/** Alerts that are about no environment. */
export const WITHOUT_ENVIRONMENT = new Set(OPERATOR.map(({ alert }) => alert));
