// Rows by columns, darker is more. A row's name may lead to what it shows.
// Data: {rows: [{name, href?, values: [number|null]}], columns: [text], unit}
import { amount, node, nothing, PHONE } from "./svg.js";

const LEAST = 18;
const MOST = 30;

export function heat(svg, { rows, columns, unit }, { width, height }) {
  if (!rows.length) return nothing(svg, width);
  const links = width >= PHONE; // too small for a finger; the ranking leads there, too
  const ROW = Math.min(MOST, Math.max(LEAST, (height - 18) / (rows.length || 1)));
  const LEFT = Math.min(150, 14 + 7.2 * Math.max(3, ...rows.map((row) => row.name.length)));
  const cell = (width - LEFT) / columns.length;
  const highest = Math.max(1e-12, ...rows.flatMap((row) => row.values.map((v) => v ?? 0)));
  rows.forEach((row, r) => {
    const label = node("text", { class: row.href ? "name" : "", x: 0, y: r * ROW + ROW / 2 + 3 }, row.name);
    svg.append(row.href && links ? node("a", { href: row.href }, label) : label);
    row.values.forEach((value, c) => {
      const shade = !value ? 0 : Math.min(4, 1 + Math.floor((value / highest) * 3.999));
      const said = value === null ? "nothing measured" : `${amount(value)} ${unit}`;
      svg.append(node("rect", { x: LEFT + c * cell, y: r * ROW, width: Math.max(2, cell - 3), height: ROW - 3, rx: 3, ...(value === null ? { class: "nothing" } : { style: `fill:var(--h${shade})` }) },
        node("title", {}, `${row.name}, ${columns[c]}: ${said}`)));
    });
  });
  const every = Math.ceil(30 / cell);
  columns.forEach((name, c) => {
    if (c % every === 0) svg.append(node("text", { x: LEFT + c * cell, y: rows.length * ROW + 12 }, name));
  });
  return rows.length * ROW + 18;
}
