import type { Course, Sample } from '../../operator/dashboard/shapes.ts';
import { spoken } from './format.ts';
import { type Frame, scaleY, stairs, ticks } from './timeline.ts';

interface LaneProps {
  course: Course;
  x: (at: number) => number;
  until: number;
  frame: Frame;
}

/** The share of the requests that the new release gets; what nobody has seen is grey down to `floor`. */
export function Weight({ course, x, until, frame, floor }: LaneProps & { floor: number }) {
  const { samples, seenFrom } = course;
  const y = scaleY(100, frame);
  const line = stairs(samples, (sample) => sample[1], { x, y, until });
  const start = samples[0] ? x(samples[0][0]) : frame.left;
  const weight = samples.at(-1)?.[1] ?? 0;
  return (
    <g>
      {[0, 50, 100].map((share) => (
        <g key={share}>
          <line class="grid" x1={frame.left} x2={frame.right} y1={y(share)} y2={y(share)} />
          <text x={frame.left - 6} y={y(share) + 4} text-anchor="end">
            {share} %
          </text>
        </g>
      ))}
      {seenFrom > course.startedAt + 1_000 ? (
        <g>
          <rect
            class="unknown"
            x={frame.left}
            width={Math.max(0, x(seenFrom) - frame.left)}
            y={frame.top}
            height={floor - frame.top}
          />
          <text
            class="lane"
            x={(frame.left + x(seenFrom)) / 2}
            y={(frame.top + frame.bottom) / 2}
            text-anchor="middle"
          >
            {x(seenFrom) - frame.left > 170 ? 'before this process looked' : ''}
          </text>
        </g>
      ) : null}
      {line === '' ? null : <path class="area" d={`${line}V${frame.bottom}H${start}Z`} />}
      <path class="line" d={line} />
      <text class="lane" x={frame.left} y={frame.top - 9}>
        requests for the new release
      </text>
      <text class="value" x={x(until) + 6} y={y(weight) + 4}>
        {weight} %
      </text>
    </g>
  );
}

/** Ready pods of both releases, and how many the new one should have. */
export function Pods({ course, x, until, frame }: LaneProps) {
  const { samples } = course;
  const most = Math.max(
    1,
    ...samples.map(([, , ready, pods, stableReady]) => Math.max(ready, pods, stableReady)),
  );
  const y = scaleY(most, frame);
  const drawn = (value: (sample: Sample) => number) => stairs(samples, value, { x, y, until });
  return (
    <g>
      <line class="grid" x1={frame.left} x2={frame.right} y1={frame.bottom} y2={frame.bottom} />
      <text x={frame.left - 6} y={frame.top + 4} text-anchor="end">
        {most}
      </text>
      <text x={frame.left - 6} y={frame.bottom + 4} text-anchor="end">
        0
      </text>
      <text class="lane" x={frame.left} y={frame.top - 8}>
        ready pods: <tspan class="new">new</tspan> (dashed: wanted), <tspan class="stable">stable</tspan>
      </text>
      <path class="stable" d={drawn((sample) => sample[4])} />
      <path class="wanted" d={drawn((sample) => sample[3])} />
      <path class="line" d={drawn((sample) => sample[2])} />
    </g>
  );
}

/** Times since the beginning. */
export function Axis({
  span,
  x,
  y,
  width,
}: {
  span: { from: number; to: number };
  x: (at: number) => number;
  y: number;
  width: number;
}) {
  return (
    <g>
      {ticks(span.to - span.from, width / 90).map((second) => (
        <text key={second} x={x(span.from + second * 1_000)} y={y} text-anchor="middle">
          {second === 0 ? 'start' : spoken(second)}
        </text>
      ))}
    </g>
  );
}
