/**
 * Names that users write and programs compare with. They are apart from the schemas that use them: the operator needs
 * these and not the schemas, which only the CRDs and the reference are made from.
 */
export const GROUP = 'cryptosense.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;

export const KIND = 'CryptoSenseEnvironment';
export const PLURAL = 'cryptosenseenvironments';

export const BACKUP_KIND = 'CryptoSenseBackup';
export const BACKUP_PLURAL = 'cryptosensebackups';

export const RESTORE_KIND = 'CryptoSenseRestore';
export const RESTORE_PLURAL = 'cryptosenserestores';

/** A pause that ends when somebody promotes the release, and not before. */
export const UNTIL_PROMOTED = 'untilPromoted';

/** The Secret that the operator may read wherever it looks after environments; any other one only when it is allowed to. */
export const NOTIFICATION_SECRET = 'cryptosense-notifications';

/** Annotation with who gives a command: a ValidatingAdmissionPolicy lets only the user's own name through. */
export const ASKED_BY = 'cryptosense.io/asked-by';
