/** SQLSTATE of a row that refers to what is not there. */
const FOREIGN_KEY_VIOLATION = '23503';

/** Whether a row could not be written because its user was deleted at the same moment: every such key is called <table>_user_id_fkey. */
export function refersToGoneUser(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !('constraint_name' in error)) return false;
  return error.code === FOREIGN_KEY_VIOLATION && /_user_id_fkey$/.test(String(error.constraint_name));
}
