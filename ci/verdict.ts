/** An environment, as far as a pipeline looks at it; docs/reference/environment.md has all of it. */
export interface Environment {
  readonly metadata: {
    readonly name: string;
    readonly generation: number;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly release: { readonly image: string } };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly summary?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message: string;
    }[];
    readonly stable?: { readonly image: string };
    readonly candidate?: { readonly frozen?: { readonly message: string } };
    readonly rejected?: { readonly image: string; readonly message: string };
  };
}

/** How a release stands. Each has a sentence. */
export interface Verdict {
  readonly state: 'waiting' | 'released' | 'failed';
  readonly message: string;
}

/** How the release of `image` stands that was asked for with this generation of the spec. Pure. */
export function verdictOf(environment: Environment, image: string, generation: number): Verdict {
  const { metadata, spec, status = {} } = environment;
  const failed = (message: string): Verdict => ({ state: 'failed', message });
  const waiting = (message: string): Verdict => ({ state: 'waiting', message });
  const condition = (type: string) => status.conditions?.find((one) => one.type === type);

  if (metadata.deletionTimestamp !== undefined) return failed(`${metadata.name} is being deleted.`);
  if (spec.release.image !== image)
    return failed(
      `Somebody else asked for ${spec.release.image} meanwhile: this release is not on its way any more.`,
    );
  if ((status.observedGeneration ?? 0) < generation) return waiting('The operator has not seen it yet.');
  const stalled = condition('Stalled');
  if (stalled?.status === 'True') return failed(stalled.message);
  if (status.rejected?.image === image) return failed(`It was rolled back: ${status.rejected.message}`);
  const frozen = status.candidate?.frozen;
  if (frozen !== undefined) return failed(frozen.message);
  const ready = condition('Ready');
  if (status.stable?.image === image && status.candidate === undefined && ready?.status === 'True')
    return { state: 'released', message: `${image} serves.` };
  return waiting(status.summary || ready?.message || 'Nothing is known of it yet.');
}
