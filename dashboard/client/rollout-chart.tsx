import { Component } from 'preact';
import type { Course, Sample } from '../../operator/dashboard/shapes.ts';
import { Axis, Pods, Weight } from './chart-lanes.tsx';
import { spoken } from './format.ts';
import { type Frame, sampleAt, scaleX, spanOf, spread } from './timeline.ts';
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
          <Axis span={span} x={x} y={AXIS_Y} width={width} />
          <Weight course={course} x={x} until={until} frame={this.#frame(WEIGHT)} floor={PODS.bottom} />
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

/** How a rollout ended, in words. */
export const OUTCOMES = {
  promoted: 'promoted',
  rolledBack: 'rolled back',
  replaced: 'given up for another one',
};

function label({ image, samples, marks, ended }: Course): string {
  const last = samples.at(-1);
  const failed = marks.filter(({ verdict }) => verdict === 'fail').length;
  const end = ended ? ` It was ${OUTCOMES[ended.outcome]}.` : '';
  return `The rollout of ${image} over time. ${last ? `Now ${said(last)}.` : ''} ${marks.length} verdicts, ${failed} of them fail.${end} The arrow keys move along it.`;
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
