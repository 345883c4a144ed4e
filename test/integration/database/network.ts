import { docker } from './docker.ts';

/** A network of containers in which addresses can be chosen, and where this machine is the gateway. */
export class ContainerNetwork {
  readonly #name: string;
  #last = 10;
  gateway = '';

  constructor(name: string) {
    this.#name = name;
  }

  /** With a range of its own, as only then addresses can be chosen; one that is taken already is refused. */
  async create(): Promise<void> {
    for (let third = process.pid % 200; ; third += 1) {
      this.gateway = `10.213.${third}.1`;
      try {
        const range = ['--subnet', `10.213.${third}.0/24`, '--gateway', this.gateway];
        await docker('network', 'create', ...range, this.#name);
        return;
      } catch (error) {
        if (third > 255) throw error;
      }
    }
  }

  /** Another one than before: the address of a pod changes when it is made again. */
  nextAddress(): string {
    this.#last += 1;
    return this.gateway.replace(/\d+$/, String(this.#last));
  }

  async remove(): Promise<void> {
    await docker('network', 'rm', this.#name).catch(() => '');
  }
}
