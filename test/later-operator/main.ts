import { runOperator } from '../../operator/run.ts';
import { laterCharts } from './charts.ts';

/** The operator as a later version of it will be: tests upgrade to it. */
await runOperator({ renderComponents: laterCharts });
