import { Component } from 'preact';
import type { Course, Sample } from '../../operator/dashboard/shapes.ts';
import { spoken } from './format.ts';
import { type Frame, sampleAt, scaleX, scaleY, spanOf, spread, stairs, ticks } from './timeline.ts';
import { Verdict, VerdictShape } from './verdict.tsx';

interface Props {
  course: Course;
  /** Words for the steps; of a rollout that is over there are none. */
  plan: readonly string[];
  now: number;
}

const HEIGHT = 306;
const LEFT = 44;
const RIGHT_MARGIN = 52;
const WEIGHT = { top: 22, bottom: 150 };
const PODS = { top: 186, bottom: 240 };
const VERDICTS_Y = 266;
const AXIS_Y = 298;
const ARROWS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

/** The rollout over time: who gets how many requests, pods that are ready, and what measurements said. */
export class RolloutChart extends Component<Props, { width: number; at: number | undefined }> {
  override state = { width: 640, at: undefined as number | undefined };
  #box: HTMLElement | null = null;
  #observer: ResizeObserver | undefined;

  override componentDidMount(): void {
    this.#observer = new ResizeObserver(([entry]) => {
      if (entry) this.setState({ width: Math.max(280, Math.floor(entry.contentRect.width)) });
    });
    if (this.#box) this.#observer.observe(this.#box);
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
  }

  override render() {
    const { course, now } = this.props;
    const { width, at } = this.state;
    const span = spanOf(course, now);
    const until = course.ended?.at ?? now;
    const x = scaleX(span, this.#frame(WEIGHT));
    return (
      <figure
        class="chart"
        ref={(box: HTMLElement | null) => {
          this.#box = box;
        }}
      >
        <svg
          viewBox={`0 0 ${width} ${HEIGHT}`}
          height={HEIGHT}
          role="img"
          aria-label={label(course)}
          tabindex={0}
          onPointerMove={(event) => this.#point(event, span)}
          onPointerLeave={() => this.setState({ at: undefined })}
          onBlur={() => this.setState({ at: undefined })}
          onKeyDown={(event) => this.#step(event)}
        >
          <Axis span={span} x={x} width={width} />
          <Weight course={course} x={x} until={until} frame={this.#frame(WEIGHT)} />
          <Pods course={course} x={x} until={until} frame={this.#frame(PODS)} />
          <text class="lane" x={0} y={VERDICTS_Y + 4}>
            verdicts
          </text>
          {spread(course.marks, x, 13).map((mark) => (
            <VerdictShape key={`${mark.at}${mark.what}`} verdict={mark.verdict} x={mark.x} y={VERDICTS_Y} />
          ))}
          {at === undefined ? null : (
            <line class="marker" x1={x(at)} x2={x(at)} y1={WEIGHT.top} y2={VERDICTS_Y + 8} />
          )}
        </svg>
        <figcaption>
          <output aria-live="polite">{this.#readout()}</output>
          {at === undefined ? <Legend marks={course.marks} /> : null}
        </figcaption>
      </figure>
    );
  }

  #frame({ top, bottom }: { top: number; bottom: number }): Frame {
    return { left: LEFT, right: this.state.width - RIGHT_MARGIN, top, bottom };
  }

  #point(event: PointerEvent, { from, to }: { from: number; to: number }): void {
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    const share = (event.clientX - left - LEFT) / (this.state.width - LEFT - RIGHT_MARGIN);
    const { course, now } = this.props;
    const at = from + Math.min(1, Math.max(0, share)) * (to - from);
    this.setState({ at: Math.min(at, course.ended?.at ?? now) });
  }

  /** From one change to the next. */
  #step(event: KeyboardEvent): void {
    const { samples } = this.props.course;
    const by = ARROWS[event.key];
    if (event.key === 'Escape') this.setState({ at: undefined });
    if (by === undefined || samples.length === 0) return;
    event.preventDefault();
    const { at } = this.state;
    const current = at === undefined ? samples.length : samples.findLastIndex(([when]) => when <= at);
    const next = samples[Math.min(samples.length - 1, Math.max(0, current + by))];
    this.setState({ at: next?.[0] });
  }

  #readout(): string {
    const { course, plan } = this.props;
    const { at } = this.state;
    if (at === undefined) return '';
    const sample = sampleAt(course.samples, at);
    if (!sample) return '';
    const step = plan[sample[5]];
    return `${spoken((at - course.startedAt) / 1_000)}: ${said(sample)}${step ? `, ${step}` : ''}`;
  }
}

function said([, weight, ready, pods, stableReady]: Sample): string {
  return `${weight} % of the requests, ${ready} of ${pods} pods ready, ${stableReady} of the stable release`;
}

const OUTCOMES = { promoted: 'promoted', rolledBack: 'rolled back', replaced: 'given up for another one' };

function label({ image, samples, marks, ended }: Course): string {
  const last = samples.at(-1);
  const failed = marks.filter(({ verdict }) => verdict === 'fail').length;
  const end = ended ? ` It was ${OUTCOMES[ended.outcome]}.` : '';
  return `The rollout of ${image} over time. ${last ? `Now ${said(last)}.` : ''} ${marks.length} verdicts, ${failed} of them fail.${end} The arrow keys move along it.`;
}

interface LaneProps {
  course: Course;
  x: (at: number) => number;
  until: number;
  frame: Frame;
}

function Weight({ course, x, until, frame }: LaneProps) {
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
            height={PODS.bottom - frame.top}
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

function Pods({ course, x, until, frame }: LaneProps) {
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

/** What the shapes mean, as far as they are there. */
function Legend({ marks }: { marks: Course['marks'] }) {
  return (
    <span class="legend">
      {[...new Set(marks.map(({ verdict }) => verdict))].map((verdict) => (
        <Verdict key={verdict} verdict={verdict} />
      ))}
    </span>
  );
}

function Axis({
  span,
  x,
  width,
}: {
  span: { from: number; to: number };
  x: (at: number) => number;
  width: number;
}) {
  return (
    <g>
      {ticks(span.to - span.from, width / 90).map((second) => (
        <text key={second} x={x(span.from + second * 1_000)} y={AXIS_Y} text-anchor="middle">
          {second === 0 ? 'start' : spoken(second)}
        </text>
      ))}
    </g>
  );
}
