// Draws docs/images/canary.svg from what a real run printed:
//   npm start -- --again > run.log && node local/demo/picture.ts < run.log > docs/images/canary.svg
import { text } from 'node:stream/consumers';

const LINE_PX = 20;
const CHAR_PX = 8.1;
const MOST_COLUMNS = 146;

const COLOURS: [pattern: RegExp, colour: string][] = [
  [/█+/g, '#4cc9f0'],
  [/░+/g, '#3a4150'],
  [/rolled back.*?\)/g, '#ff6b6b'],
  [/(?<=load .*)\b[1-9]\d* failed/g, '#ff6b6b'],
  [/\b0 failed/g, '#7bd88f'],
  [/pass: \S+ 5xx/g, '#7bd88f'],
  [/inconclusive: \S+ 5xx/g, '#f5c265'],
  [/^\d\d:\d\d:\d\d/g, '#7a8394'],
  [/kubectl patch .*/g, '#f5c265'],
];

/** The lines of the demonstration, those that only repeat a state with newer figures left out. */
function linesOf(log: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal begin with the control character ESC
  const plain = log.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  const shown: string[] = [];
  let last = '';
  for (const line of plain.slice(plain.findIndex((candidate) => candidate.includes(' Load: ')))) {
    if (!/^\d\d:\d\d:\d\d /.test(line)) continue;
    const state = line
      .slice(9)
      .replace(/ {2}load .*/, '')
      .replace(/\d+\/\d+ 5xx/, '');
    if (state !== last) shown.push(line.length > MOST_COLUMNS ? `${line.slice(0, MOST_COLUMNS - 1)}…` : line);
    last = state;
  }
  return shown;
}

function escaped(part: string): string {
  return part.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** One line as SVG text: every stretch in the colour of the last pattern that covers it. */
function drawn(line: string, row: number): string {
  const colours = Array.from<string | undefined>({ length: line.length });
  for (const [pattern, colour] of COLOURS) {
    for (const match of line.matchAll(pattern))
      colours.fill(colour, match.index, match.index + match[0].length);
  }
  const spans: string[] = [];
  for (let start = 0, end = 0; start < line.length; start = end) {
    while (end < line.length && colours[end] === colours[start]) end += 1;
    const fill = colours[start] ? ` fill="${colours[start]}"` : '';
    spans.push(`<tspan${fill}>${escaped(line.slice(start, end))}</tspan>`);
  }
  return `<text x="24" y="${64 + row * LINE_PX}" xml:space="preserve">${spans.join('')}</text>`;
}

const lines = linesOf(await text(process.stdin));
if (lines.length === 0) {
  process.stderr.write('There is no demonstration in this log: give it what npm start -- --again printed.\n');
  process.exit(1);
}
const width = Math.round(48 + Math.max(...lines.map((line) => line.length)) * CHAR_PX);
const height = 84 + lines.length * LINE_PX;
process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="npm start: a good release is promoted, a bad one rolls back">
<rect width="100%" height="100%" rx="10" fill="#151922"/>
<circle cx="24" cy="24" r="6" fill="#ff6b6b"/><circle cx="44" cy="24" r="6" fill="#f5c265"/><circle cx="64" cy="24" r="6" fill="#7bd88f"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13.4" fill="#d7dce5">
${lines.map(drawn).join('\n')}
</g>
</svg>
`);
