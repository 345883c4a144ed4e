import { element, svg } from './element.ts';
import { money } from './format.ts';
import { type Frame, nearest, type Point, pathOf, type Scale, scaleOf } from './scale.ts';

const MARGINS = { left: 4, right: 64, top: 12, bottom: 24 };

/** A line over time, drawn anew by `show` and when its box changes its size. */
export interface Chart {
  /** `label` says what it is, for people who hear the page. */
  show(points: readonly Point[], label: string): void;
  /** Says that there is nothing to draw, and why. */
  clear(reason: string): void;
}

/** A chart inside `box`. The arrow keys and the pointer move along the line. */
export function createChart(box: HTMLElement): Chart {
  const readout = element('output', { 'aria-live': 'polite' });
  const empty = element('p', { class: 'empty' }, 'Loading');
  let points: readonly Point[] = [];
  let label = '';
  let chosen = -1;
  box.append(empty, readout);

  const draw = () => {
    box.querySelector('svg')?.remove();
    readout.textContent = '';
    if (points.length === 0) return;
    const drawing = svg('svg', {
      role: 'img',
      tabindex: 0,
      'aria-label': label,
      onpointermove: (event) => choose(indexAt(event as PointerEvent)),
      onpointerleave: () => choose(-1),
      onblur: () => choose(-1),
      onkeydown: (event) => step(event as KeyboardEvent),
    });
    box.prepend(drawing);
    const frame: Frame = { width: drawing.clientWidth, height: drawing.clientHeight, ...MARGINS };
    const scale = scaleOf(points, frame);
    drawing.append(...axes(scale, frame), ...line(scale, frame));
  };

  const line = (scale: Scale, frame: Frame): SVGElement[] => {
    const path = pathOf(points, scale);
    const [first, last] = [points[0], points.at(-1)];
    const floor = frame.height - frame.bottom;
    const area = first && last ? `${path}L${scale.x(last.at)} ${floor}L${scale.x(first.at)} ${floor}Z` : '';
    return [svg('path', { class: 'area', d: area }), svg('path', { class: 'line', d: path })];
  };

  const axes = (scale: Scale, frame: Frame): SVGElement[] => {
    const right = frame.width - frame.right;
    const rows = scale.ticks.map((tick) => {
      const y = scale.y(tick);
      return svg(
        'g',
        {},
        svg('line', { class: 'grid', x1: frame.left, x2: right, y1: y, y2: y }),
        svg('text', { x: right + 6, y: y + 4 }, short(tick)),
      );
    });
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) return rows;
    const span = last.at - first.at;
    const columns = [0.02, 0.5, 0.98].map((share) => {
      const at = first.at + span * share;
      const anchor = share < 0.1 ? 'start' : share > 0.9 ? 'end' : 'middle';
      const y = frame.height - 6;
      return svg('text', { x: scale.x(at), y, 'text-anchor': anchor }, day(at, span));
    });
    return [...rows, ...columns];
  };

  const indexAt = (event: PointerEvent): number => {
    const drawing = box.querySelector('svg');
    const [first, last] = [points[0], points.at(-1)];
    if (!drawing || !first || !last) return -1;
    const { left, width } = drawing.getBoundingClientRect();
    const usable = width - MARGINS.left - MARGINS.right;
    const share = (event.clientX - left - MARGINS.left) / usable;
    return nearest(points, first.at + share * (last.at - first.at));
  };

  const step = (event: KeyboardEvent) => {
    const last = points.length - 1;
    const from = chosen < 0 ? last : chosen;
    const to = {
      ArrowLeft: Math.max(0, from - 1),
      ArrowRight: Math.min(last, from + 1),
      Home: 0,
      End: last,
      Escape: -1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };

  const choose = (index: number) => {
    chosen = index;
    const drawing = box.querySelector('svg');
    drawing?.querySelector('.chosen')?.remove();
    const point = points[index];
    readout.textContent = point ? `${moment(point.at)}  ${money(String(point.value))}` : '';
    if (!drawing || !point) return;
    const frame: Frame = { width: drawing.clientWidth, height: drawing.clientHeight, ...MARGINS };
    const scale = scaleOf(points, frame);
    const [x, y] = [scale.x(point.at), scale.y(point.value)];
    drawing.append(
      svg(
        'g',
        { class: 'chosen' },
        svg('line', { class: 'marker', x1: x, x2: x, y1: frame.top, y2: frame.height - frame.bottom }),
        svg('circle', { class: 'dot', cx: x, cy: y, r: 5 }),
      ),
    );
    const room = drawing.clientWidth - readout.offsetWidth;
    readout.style.transform = `translateX(${Math.max(0, Math.min(room, x - readout.offsetWidth / 2))}px)`;
  };

  new ResizeObserver(draw).observe(box);
  return {
    show: (given, text) => {
      points = given;
      label = text;
      chosen = -1;
      empty.hidden = points.length > 0;
      empty.textContent = 'Nothing has been recorded in this range.';
      draw();
    },
    clear: (reason) => {
      points = [];
      empty.hidden = false;
      empty.textContent = reason;
      draw();
    },
  };
}

/** A line without axes, for a row of a table. It says nothing that the row does not say. */
export function sparkline(points: readonly Point[]): SVGSVGElement {
  const frame: Frame = { width: 88, height: 28, left: 1, right: 1, top: 2, bottom: 2 };
  const drawing = svg('svg', {
    class: 'spark',
    viewBox: '0 0 88 28',
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  if (points.length > 1) drawing.append(svg('path', { d: pathOf(points, scaleOf(points, frame)) }));
  return drawing;
}

const short = (value: number) =>
  new Intl.NumberFormat('en-US', {
    notation: Math.abs(value) >= 100_000 ? 'compact' : 'standard',
    maximumSignificantDigits: 6,
  }).format(value);

const DAY_MS = 86_400_000;
const day = (at: number, span: number) =>
  new Date(at).toLocaleString('en-GB', {
    ...(span > 1.5 * DAY_MS ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit' }),
  });
const moment = (at: number) =>
  new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
