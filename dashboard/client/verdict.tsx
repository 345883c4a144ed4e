/** A verdict as a shape of its own, so that nobody needs its colour. */
export function VerdictShape({ verdict, x, y }: { verdict: string; x: number; y: number }) {
  const at = `translate(${x} ${y})`;
  switch (verdict) {
    case 'pass':
      return (
        <g class="verdict pass" transform={at}>
          <circle r={5.5} />
          <path d="M-2.6 0.2 -0.7 2.2 2.8 -2" />
        </g>
      );
    case 'fail':
      return (
        <g class="verdict fail" transform={at}>
          <rect x={-5.5} y={-5.5} width={11} height={11} rx={2} />
          <path d="M-2.4 -2.4 2.4 2.4M2.4 -2.4 -2.4 2.4" />
        </g>
      );
    case 'error':
      return (
        <g class="verdict error" transform={at}>
          <path class="body" d="M0 -6 6 5 -6 5Z" />
          <path d="M0 -2.2V1.4M0 3.2V3.4" />
        </g>
      );
    default:
      return (
        <g class="verdict inconclusive" transform={at}>
          <circle r={5} />
        </g>
      );
  }
}

/** The same beside words. */
export function Verdict({ verdict }: { verdict: string | undefined }) {
  const word = verdict ?? 'running';
  return (
    <span class="verdict-word">
      <svg viewBox="-7 -7 14 14" width={14} height={14} aria-hidden="true">
        <VerdictShape verdict={word} x={0} y={0} />
      </svg>
      {word}
    </span>
  );
}
