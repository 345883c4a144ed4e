/** On a CryptoSenseBackup: the Job that takes it. Without it, somebody asked for one, and the operator makes the Job. */
export const JOB_ANNOTATION = 'cryptosense.io/job';
