// Rows by columns, darker is more, as the legend below says. A row's name may lead to what it shows.
// Data: {rows: [{name, href?, values: [number|null]}], columns: [text], unit, missing}
// `missing`: what is said where there is no value.
import { amount, LETTER, node, nothing, PHONE } from "./svg.js";

const LEAST = 18;
const MOST = 30;
const LEGEND = 34;
const SHADES = 4;

export function heat(svg, { rows, columns, unit, missing, none }, { width, height }) {
  if (!rows.length) return nothing(svg, width, none);
  const links = width >= PHONE; // too small for a finger; the ranking leads there, too
  const ROW = Math.min(MOST, Math.max(LEAST, (height - 18 - LEGEND) / (rows.length || 1)));
  const LEFT = Math.min(150, 14 + 7.2 * Math.max(3, ...rows.map((row) => row.name.length)));
  const cell = (width - LEFT) / columns.length;
  const highest = Math.max(1e-12, ...rows.flatMap((row) => row.values.map((v) => v ?? 0)));
  rows.forEach((row, r) => {
    const label = node("text", { class: row.href ? "name" : "", x: 0, y: r * ROW + ROW / 2 + 3 }, row.name);
    svg.append(row.href && links ? node("a", { href: row.href }, label) : label);
    row.values.forEach((value, c) => {
      const shade = !value ? 0 : Math.min(SHADES, 1 + Math.floor((value / highest) * (SHADES - 0.001)));
      const said = value === null ? missing : `${amount(value)} ${unit}`;
      svg.append(node("rect", { x: LEFT + c * cell, y: r * ROW, width: Math.max(2, cell - 3), height: ROW - 3, rx: 3, ...(value === null ? { class: "nothing" } : { style: `fill:var(--h${shade})` }) },
        node("title", {}, `${row.name}, ${columns[c]}: ${said}`)));
    });
  });
  const every = Math.ceil(30 / cell);
  columns.forEach((name, c) => {
    if (c % every === 0) svg.append(node("text", { x: LEFT + c * cell, y: rows.length * ROW + 12 }, name));
  });
  legend(svg, { top: rows.length * ROW + 26, highest, unit, missing, gaps: rows.some((row) => row.values.includes(null)) });
  return rows.length * ROW + 18 + LEGEND;
}

// A swatch per shade from nothing to the highest, and what is missing, where something is.
function legend(svg, { top, highest, unit, missing, gaps }) {
  const made = node("g", { class: "legend-of-heat" });
  let x = 0;
  const text = (words) => {
    made.append(node("text", { x, y: top + 11 }, words));
    x += LETTER * words.length + 8;
  };
  const swatch = (attributes) => {
    made.append(node("rect", { x: x + 1, y: top + 1, width: 16, height: 12, rx: 3, ...attributes }));
    x += 19;
  };
  text("0");
  for (let shade = 0; shade <= SHADES; shade += 1) swatch({ style: `fill:var(--h${shade})` });
  x += 5;
  text(`${amount(highest)} ${unit}`);
  if (gaps) {
    x += 10;
    swatch({ class: "nothing" });
    x += 5;
    text(missing);
  }
  svg.append(made);
}
