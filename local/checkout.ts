import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The root of this checkout, without symbolic links. */
export const checkout = realpathSync(dirname(import.meta.dirname));

/** Files of this checkout's running clusters; git-ignored. */
export const runFolder = join(checkout, '.run');
