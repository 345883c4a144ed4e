import { Component } from 'preact';

interface Props {
  problem: string | undefined;
  onToken(token: string): void;
}

/** Asks for a token of the cluster. It stays in this tab. */
export class SignIn extends Component<Props, { wrong: string | undefined }> {
  override state = { wrong: undefined as string | undefined };
  #input: HTMLInputElement | null = null;

  override componentDidMount(): void {
    this.#input?.focus();
  }

  override render() {
    const problem = this.state.wrong ?? this.props.problem;
    return (
      <main class="sign-in" id="main" tabIndex={-1}>
        <form
          class="card"
          onSubmit={(event) => {
            event.preventDefault();
            this.#submit();
          }}
        >
          <h2>Sign in to the cluster</h2>
          <p>You see and do here what your roles in the cluster let you see and do, and nothing else.</p>
          <label>
            Token
            <input
              type="password"
              name="token"
              autocomplete="off"
              spellcheck={false}
              aria-invalid={problem !== undefined}
              aria-describedby="token-help token-problem"
              ref={(input: HTMLInputElement | null) => {
                this.#input = input;
              }}
            />
          </label>
          <p class="error" role="alert" id="token-problem">
            {problem}
          </p>
          <button class="primary" type="submit">
            Sign in
          </button>
          <div class="hint" id="token-help">
            <p>A token of a service account with a role for environments:</p>
            <pre>kubectl -n default create token dashboard</pre>
            <p>It is kept in this tab, sent to the operator alone, and gone when the tab is closed.</p>
          </div>
        </form>
      </main>
    );
  }

  #submit(): void {
    const token = this.#input?.value.trim() ?? '';
    const wrong =
      token === ''
        ? 'Paste a token.'
        : /^[-A-Za-z0-9._~+/=]{1,8192}$/.test(token)
          ? undefined
          : 'This is no token: a token is one word of letters, digits, dots, hyphens and underscores.';
    this.setState({ wrong });
    if (wrong === undefined) this.props.onToken(token);
  }
}
