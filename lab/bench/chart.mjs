// @ts-check
import { median } from "./statistics.mjs";

/** @typedef {import("./figures.mjs").Figure} Figure */
/** @typedef {{ title: string, lines: { subject: string, value: number, label: string }[] }} Group */

const WIDTH = 880;
const MARGIN = 24;
const COLUMN = (WIDTH - 3 * MARGIN) / 2;
const NAMES = 96;
/** Width of the label next to a bar. */
const LABELS = 72;
const TITLE = 26;
const BAR = 22;
const GAP = 20;

const STYLE = `
    .page { fill: #ffffff; } .ink { fill: #1f2328; } .quiet { fill: #57606a; } .title { font-weight: 700; font-size: 14px; }
    .bar { fill: #a5afba; } .relatch { fill: #0a58ca; } .own { font-weight: 700; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; } .ink { fill: #e6edf3; } .quiet { fill: #a3adb8; }
      .bar { fill: #6e7681; } .relatch { fill: #6ea8fe; }
    }`;

const escapeXml = (/** @type {string} */ text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/**
 * Draws the figures that have a title, as horizontal bars, each group on its own scale.
 *
 * @param {Figure[]} figures
 * @param {readonly string[]} subjects
 */
export function chart(figures, subjects) {
  const groups = figures.flatMap(({ title, show, measured, atLeast }) => {
    if (title === undefined) return [];
    const lines = subjects.flatMap((subject) => {
      const value = median(measured[subject] ?? []);
      // The table shows the spread.
      return Number.isNaN(value) ? [] : [{ subject, value, label: show(value) }];
    });
    return [{ title: atLeast === undefined ? title : `${title} (more is better)`, lines }];
  });
  const half = Math.ceil(groups.length / 2);
  return draw([groups.slice(0, half), groups.slice(half)]);
}

/** @param {Group[][]} columns Two of them. */
function draw(columns) {
  let height = 0;
  /** @type {string[]} */
  const drawn = [];
  for (const [index, groups] of columns.entries()) {
    const x = MARGIN + index * (COLUMN + MARGIN);
    let y = MARGIN;
    for (const each of groups) {
      drawn.push(drawnGroup(each, x, y));
      y += TITLE + each.lines.length * BAR + GAP;
    }
    height = Math.max(height, y);
  }
  height += MARGIN;
  const description = columns.flat().map(({ title, lines }) => {
    const figures = lines.map(({ subject, label }) => `${subject} ${label}`);
    return `${title}: ${figures.join(", ")}.`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title description" font-family="system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif" font-size="13">
  <title id="title">Benchmarks</title>
  <desc id="description">${escapeXml(description.join(" "))}</desc>
  <style>${STYLE}
  </style>
  <rect class="page" width="${WIDTH}" height="${height}" rx="8"/>
${drawn.join("\n")}
  <text class="quiet" x="${MARGIN}" y="${height - MARGIN + 4}" font-size="12">Shorter is better, if a title does not say otherwise. Each group has its own scale.</text>
</svg>
`;
}

/**
 * @param {Group} group
 * @param {number} x
 * @param {number} y
 */
function drawnGroup({ title, lines }, x, y) {
  const longest = Math.max(...lines.map(({ value }) => value));
  const scale = (COLUMN - NAMES - LABELS) / (longest || 1);
  const bars = lines.map(({ subject, value, label }, index) => {
    const top = y + TITLE + index * BAR;
    const width = value * scale;
    const kind = subject === "relatch" ? subject : "bar";
    const own = subject === "relatch" ? " own" : "";
    const middle = top + BAR / 2 + 4.5;
    const end = x + NAMES + width;
    return `    <text class="ink${own}" x="${x + NAMES - 10}" y="${middle}" text-anchor="end">${escapeXml(subject)}</text>
    <rect class="${kind}" x="${x + NAMES}" y="${top + 3}" width="${width.toFixed(1)}" height="${BAR - 6}" rx="2"/>
    <text class="ink${own}" x="${(end + 7).toFixed(1)}" y="${middle}">${escapeXml(label)}</text>`;
  });
  return `  <g>
    <text class="ink title" x="${x}" y="${y + 13}">${escapeXml(title)}</text>
${bars.join("\n")}
  </g>`;
}
