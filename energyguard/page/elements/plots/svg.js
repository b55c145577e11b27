// What the charts share: elements, scales, and times in the page's zone.
const SVG = "http://www.w3.org/2000/svg";
export const PHONE = 480; // narrower charts are touched: what leads somewhere is 44 px high

export function node(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Empty says so; returns the height that it takes.
export function nothing(svg, width, words) {
  svg.append(node("text", { class: "none", x: width / 2, y: 44 }, words));
  return 80;
}

export const LETTER = 6.4; // px, on the mean, of the small text

let patterns = 0;

// Lines across: what a fill of this look is not sure of. Returns the fill.
export function hatching(svg, look) {
  const known = svg.querySelector(`pattern.${look}`);
  if (known) return `url(#${known.id})`;
  const id = `hatch-${look}-${(patterns += 1)}`;
  const size = look === "gap" ? 6 : 5;
  const made = node("pattern", { id, class: `lines ${look}`, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  made.append(node("rect", { class: "ground", width: size, height: size }), node("line", { y2: size }));
  const found = node("defs");
  found.append(made);
  svg.prepend(found);
  return `url(#${id})`;
}

export const scale = (low, high, from, to) => (value) =>
  from + ((value - low) / (high - low || 1)) * (to - from);

// Round steps (1, 2, 5 times a power of ten) so that about `wanted` lines cross the chart.
export function steps(low, high, wanted) {
  const raw = (high - low || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.8);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => +((first + i) * step).toPrecision(12));
}

const MINUTE = 60_000;
const TIME_STEPS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((n) => n * MINUTE);

// Whole hours of UTC; in zones of whole hours these are whole hours there, too.
export function timeSteps(from, to, wanted) {
  const step = TIME_STEPS.find((n) => n >= (to - from) / wanted) ?? TIME_STEPS.at(-1);
  const ticks = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) ticks.push(t);
  return { ticks, days: step >= 1440 * MINUTE };
}

// How the person reads: room.js has written it into the page.
const reads = () => document.documentElement.dataset.numbers || "en-GB";

export function clock(zone, options) {
  const hours = options.hour && { hourCycle: document.documentElement.dataset.hours === "12" ? "h12" : "h23" };
  const format = new Intl.DateTimeFormat(reads(), { timeZone: zone, ...options, ...hours });
  return (ms) => format.format(ms);
}

export const HOUR_MINUTE = { hour: "2-digit", minute: "2-digit" };
export const DAY = { weekday: "short", day: "numeric" };

export const amount = (value, digits = 3) => {
  const shape = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: digits };
  return new Intl.NumberFormat(reads(), { useGrouping: "always", ...shape }).format(value).replace("-", "\u2212");
};
