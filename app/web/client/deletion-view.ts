import type { Account } from './account-view.ts';
import { ApiError, write } from './api.ts';
import { byId } from './element.ts';
import type { Store } from './store.ts';

/** Deleting the account, once its password is given; `onGone` is told when nothing of it is left. */
export function showDeletion(account: Store<Account | undefined>, onGone: () => void): void {
  const dialog = byId<HTMLDialogElement>('delete-dialog');
  const form = byId<HTMLFormElement>('delete-form');
  const error = byId('delete-error');
  const submit = byId<HTMLButtonElement>('delete-submit');
  const password = form.elements.namedItem('password') as HTMLInputElement;

  const complain = (message: string) => {
    password.setAttribute('aria-invalid', 'true');
    error.textContent = message;
    error.hidden = false;
    password.focus();
  };
  const forget = () => {
    form.reset();
    password.setAttribute('aria-invalid', 'false');
    error.hidden = true;
  };
  const send = async () => {
    if (password.value === '') return complain('Write the password of this account.');
    submit.disabled = true;
    try {
      await write('DELETE', '/auth/me', { password: password.value });
    } catch (problem) {
      return complain(problem instanceof ApiError ? problem.message : 'That did not work; please try again.');
    } finally {
      submit.disabled = false;
    }
    dialog.close();
    account.set(undefined);
    onGone();
    byId('sign-in').focus();
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  // Also after Escape: a password is not left behind in a form that nobody sees.
  dialog.addEventListener('close', forget);
  byId('delete-cancel').addEventListener('click', () => dialog.close());
  byId('delete-account').addEventListener('click', () => {
    dialog.showModal();
    password.focus();
  });
  account.watch((found) => {
    byId('account-line').hidden = found === undefined;
    for (const id of ['account-email', 'delete-email']) byId(id).textContent = found?.email ?? '';
  });
}
