// Bars by the hour, day or month: now narrow and strong in front, the span before wide and pale
// behind; up to five series side by side. Hatched with the accent: not over; hatched grey in a
// dashed frame: nothing was measured.
// Data: {steps: [{label, at}], series: [{name, values: [number|null], hrefs: [text]}], before?: {name, values},
//   unit, running?, open?, gaps?: [{series, from, to, height?, words: [text]}], limit?, limitName?, below?, none?}
// `running`: the step that is not over, as `open` says in words; a gap's `from` and `to` are steps, `to` the first after it,
// its `height` what each step came to on the mean, where the sum is known.
import { read } from "./reader.js";
import { amount, hatching, LETTER, node, nothing, scale, steps as round } from "./svg.js";

const TOP = 22;
const BOTTOM = 20;

export function bars(svg, data, { width, height, hint }) {
  const { steps, series, before = null, unit, gaps = [], limit = null, running = null } = data;
  const known = [...series.flatMap((one) => one.values), ...(before?.values ?? [])].filter((v) => v !== null && v !== undefined);
  if (!steps.length || (!known.length && !gaps.length)) return nothing(svg, width, data.none);
  const heights = gaps.map((gap) => gap.height ?? 0);
  const lowest = Math.min(0, ...known);
  const highest = Math.max(limit ?? 0, ...known, ...heights) || (lowest < 0 ? 0 : 1);
  const marks = round(lowest, highest * (gaps.length ? 1.2 : 1.05), Math.max(2, Math.round(height / 70)));
  const LEFT = 10 + LETTER * Math.max(...marks.map((v) => amount(v).length));
  const y = scale(Math.min(lowest, marks[0]), Math.max(highest * (gaps.length ? 1.2 : 1.05), marks.at(-1)), height - BOTTOM, TOP);
  const each = (width - LEFT) / steps.length;
  const x = (i) => LEFT + i * each;

  svg.append(node("text", { x: LEFT, y: 11 }, unit));
  for (const v of marks) svg.append(node("line", { class: "rule", x1: LEFT, x2: width, y1: y(v), y2: y(v) }), node("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, amount(v)));
  names(svg, steps, { x, each, height });
  for (const gap of gaps) hole(svg, gap, { x, y, each, count: series.length });
  steps.forEach((_, i) => {
    if (before && before.values[i] !== null && before.values[i] !== undefined) svg.append(bar("before", x(i) + each * 0.06, each * 0.88, y(0), y(before.values[i])));
    series.forEach((one, s) => {
      const value = one.values[i];
      if (value === null || value === undefined) return;
      const [from, wide] = place(s, series.length, Boolean(before), each);
      const made = bar(`c${s}`, x(i) + from, wide, y(0), y(value));
      if (i === running) made.setAttribute("fill", hatching(svg, `c${s}`));
      if (limit !== null && (data.below ? value < limit : value > limit)) made.classList.add("hot");
      svg.append(made);
    });
  });
  for (const gap of gaps) words(svg, gap, { x, y, width, series });
  if (limit !== null) svg.append(node("line", { class: "limit", x1: LEFT, x2: width, y1: y(limit), y2: y(limit) }), node("text", { class: "limit-name", x: width - 2, y: y(limit) - 5 }, data.limitName));
  const points = steps.map((step, i) => ({ x: x(i) + each / 2, y: null, words: spoken(data, step, i, running), href: (left) => leads(series, i, (left - x(i)) / each) }));
  read(svg, points, { hint, width, left: LEFT, top: TOP, bottom: height - BOTTOM });
}

// Where a bar leads: of several side by side the one that was hit.
function leads(series, i, share) {
  const s = Math.min(series.length - 1, Math.max(0, Math.floor(((share - 0.07) / 0.86) * series.length)));
  return series[Number.isNaN(s) ? 0 : s].hrefs?.[i];
}

// Where a series' bar begins in a step, and how wide it is.
function place(s, count, behind, each) {
  if (count === 1) return behind ? [each * 0.22, each * 0.56] : [each * 0.1, each * 0.8];
  const wide = (each * 0.86) / count;
  return [each * 0.07 + s * wide, Math.max(1, wide * 0.97)];
}

function bar(look, x, wide, zero, top) {
  const round = Math.min(2, wide / 2, Math.abs(zero - top));
  const up = top <= zero ? 1 : -1;
  const d = `M${x.toFixed(1)},${zero.toFixed(1)}V${(top + up * round).toFixed(1)}q0,${-up * round} ${round},${-up * round}h${Math.max(wide - 2 * round, 0).toFixed(1)}q${round},0 ${round},${up * round}V${zero.toFixed(1)}z`;
  return node("path", { class: `bar ${look}`, d });
}

// As many names below as there is room for, each below its own step.
function names(svg, steps, { x, each, height }) {
  const longest = Math.max(...steps.map((step) => step.label.length)) * LETTER + 10;
  const every = Math.max(1, Math.ceil(longest / each));
  steps.forEach((step, i) => {
    if (i % every === 0) svg.append(node("text", { x: x(i) + each / 2, y: height - 3, "text-anchor": "middle" }, step.label));
  });
}

function hole(svg, gap, { x, y, each, count }) {
  const [from, wide] = count > 1 ? place(gap.series, count, false, each) : [each * 0.03, each * 0.94];
  const top = gap.height ? y(gap.height) : y(0) - 40;
  const left = x(gap.from) + (count > 1 ? 0 : from);
  const right = count > 1 ? x(gap.to) : x(gap.to - 1) + from + wide;
  svg.append(node("rect", { class: "gap", x: left, y: top, width: Math.max(3, right - left), height: y(0) - top, fill: hatching(svg, "gap") }));
}

// Above the hole, and above what others have beside it.
function words(svg, gap, { x, y, width, series }) {
  const beside = series.flatMap((one) => one.values.slice(gap.from, gap.to)).map((v) => y(v ?? 0));
  const top = Math.min(gap.height ? y(gap.height) : y(0) - 40, ...beside);
  gap.words.forEach((text, line) => {
    const half = (LETTER * text.length) / 2;
    const at = Math.min(Math.max((x(gap.from) + x(gap.to)) / 2, x(0) + half), width - half);
    svg.append(node("text", { class: line ? "over" : "over strong", x: at, y: Math.max(top, TOP + 20) - 7 - 14 * (gap.words.length - 1 - line), "text-anchor": "middle" }, text));
  });
}

function spoken({ series, before, unit, open, gaps = [] }, step, i, running) {
  const values = series.map((one, s) => {
    const inGap = gaps.some((gap) => gap.series === s && gap.from <= i && i < gap.to);
    const value = one.values[i];
    const words = value === null || value === undefined ? (inGap ? "?" : "–") : `${amount(value, 4)} ${unit}`;
    return series.length > 1 ? `${one.name} ${words}` : words;
  });
  const past = before?.values[i];
  const then = past === null || past === undefined ? "" : ` · ${before.name} ${amount(past, 4)} ${unit}`;
  return `${step.at}${i === running && open ? `, ${open}` : ""}: ${values.join(" · ")}${then}`;
}
