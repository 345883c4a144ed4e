import { ApiError, mine, write } from './api.ts';
import { byId } from './element.ts';
import type { Store } from './store.ts';

export interface Account {
  readonly email: string;
  readonly plan: string;
}

/** Signing in, out and up. `account` is undefined for a stranger. Returns what opens the dialogue. */
export function showAccount(account: Store<Account | undefined>): (mode: 'in' | 'up') => void {
  const dialog = byId<HTMLDialogElement>('account-dialog');
  const form = byId<HTMLFormElement>('account-form');
  const error = byId('account-error');
  const submit = byId<HTMLButtonElement>('account-submit');
  const password = form.elements.namedItem('password') as HTMLInputElement;
  const email = form.elements.namedItem('email') as HTMLInputElement;
  let mode: 'in' | 'up' = 'in';

  const setMode = (next: 'in' | 'up') => {
    mode = next;
    const title = mode === 'in' ? 'Sign in' : 'Make an account';
    byId('account-title').textContent = title;
    submit.textContent = title;
    byId('account-question').textContent = mode === 'in' ? 'New here?' : 'You have an account?';
    byId('account-switch').textContent = mode === 'in' ? 'Make an account' : 'Sign in';
    byId('password-hint').hidden = mode === 'in';
    password.autocomplete = mode === 'in' ? 'current-password' : 'new-password';
    error.hidden = true;
  };

  const open = (next: 'in' | 'up') => {
    setMode(next);
    dialog.showModal();
    email.focus();
  };

  const complain = (message: string, field: HTMLInputElement | undefined) => {
    for (const each of [email, password]) each.setAttribute('aria-invalid', String(each === field));
    error.textContent = message;
    error.hidden = false;
    field?.focus();
  };

  const send = async () => {
    if (!email.checkValidity()) return complain('Write an e-mail address, such as ada@example.com.', email);
    if (mode === 'up' && password.value.length < 12)
      return complain('The password must have at least 12 characters.', password);
    submit.disabled = true;
    try {
      const credentials = { email: email.value, password: password.value };
      if (mode === 'up') await write('POST', '/auth/register', credentials);
      const { account: found } = await write<{ account: Account }>('POST', '/auth/login', {
        ...credentials,
        session: 'cookie',
      });
      form.reset();
      dialog.close();
      account.set(found);
    } catch (problem) {
      complain(
        problem instanceof ApiError ? problem.message : 'That did not work; please try again.',
        undefined,
      );
    } finally {
      submit.disabled = false;
    }
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  byId('sign-in').addEventListener('click', () => open('in'));
  byId('account-cancel').addEventListener('click', () => dialog.close());
  byId('account-switch').addEventListener('click', () => setMode(mode === 'in' ? 'up' : 'in'));
  byId('sign-out').addEventListener('click', async () => {
    await write('POST', '/auth/logout').catch(() => {});
    account.set(undefined);
    byId('sign-in').focus();
  });
  account.watch((found) => {
    byId('sign-in').hidden = found !== undefined;
    byId('sign-out').hidden = found === undefined;
    byId('sign-out').title = found ? `Signed in as ${found.email}` : '';
  });
  return open;
}

/** Who is signed in by the cookie that no script sees. */
export async function whoAmI(): Promise<Account | undefined> {
  return mine<Account>('/auth/me').catch(() => undefined);
}
