import { Component } from 'preact';
import type { Offer } from '../../operator/dashboard/shapes.ts';

interface Props {
  environment: string;
  offer: Offer;
  /** Rejects with a sentence. */
  onConfirm(): Promise<void>;
  onClose(): void;
}

/** Asks before a command is given, and says what it will do. What is hard to take back waits on Cancel. */
export class Confirm extends Component<Props, { problem: string | undefined; isBusy: boolean }> {
  override state = { problem: undefined as string | undefined, isBusy: false };
  #dialog: HTMLDialogElement | null = null;

  override componentDidMount(): void {
    this.#dialog?.showModal();
    const first = this.props.offer.tone === 'stop' ? '.cancel' : '.confirm';
    this.#dialog?.querySelector<HTMLElement>(first)?.focus();
  }

  override render() {
    const { offer, environment } = this.props;
    const { problem, isBusy } = this.state;
    return (
      <dialog
        class="confirm-dialog"
        aria-labelledby="confirm-title"
        aria-describedby="confirm-effect"
        ref={(dialog: HTMLDialogElement | null) => {
          this.#dialog = dialog;
        }}
        onCancel={(event) => {
          event.preventDefault();
          this.props.onClose();
        }}
      >
        <h2 id="confirm-title">
          {offer.label} in {environment}?
        </h2>
        <p id="confirm-effect">{offer.effect}</p>
        <p class="hint">
          The same with kubectl:{' '}
          <code>
            cryptosense.io/{offer.verb}={offer.target}
          </code>
        </p>
        <p class="error" role="alert">
          {problem}
        </p>
        <div class="buttons">
          <button
            type="button"
            class={`confirm ${offer.tone === 'stop' ? 'danger' : 'primary'}`}
            disabled={isBusy}
            onClick={() => this.#confirm()}
          >
            {offer.label}
          </button>
          <button type="button" class="cancel" onClick={() => this.props.onClose()}>
            Cancel
          </button>
        </div>
      </dialog>
    );
  }

  #confirm(): void {
    this.setState({ isBusy: true, problem: undefined });
    this.props.onConfirm().catch((error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      this.setState({ isBusy: false, problem });
    });
  }
}
