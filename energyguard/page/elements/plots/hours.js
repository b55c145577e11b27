// Days by hours: which have readings. Grey hatching in a dashed frame: none; pale: not yet.
// Data: {rows: [{name, cells: [{state: "there"|"gone"|"ahead", words}]}], columns: [text]}
import { read } from "./reader.js";
import { hatching, LETTER, node } from "./svg.js";

const ROW = 20;

export function hours(svg, { rows, columns }, { width, hint }) {
  const LEFT = 8 + LETTER * Math.max(...rows.map((row) => row.name.length));
  const many = Math.max(...rows.map((row) => row.cells.length), columns.length);
  const each = (width - LEFT) / many;
  const points = [];
  rows.forEach((row, r) => {
    svg.append(node("text", { class: "name small", x: 0, y: r * ROW + 13 }, row.name));
    row.cells.forEach((cell, c) => {
      const made = node("rect", { class: `hour ${cell.state}`, x: LEFT + c * each + 1, y: r * ROW + 1.5, width: Math.max(2, each - 2), height: ROW - 4, rx: 2.5 });
      if (cell.state === "gone") made.setAttribute("fill", hatching(svg, "gap"));
      svg.append(made);
      points.push({ x: LEFT + (c + 0.5) * each, y: r * ROW + ROW / 2, words: cell.words, row: r });
    });
  });
  const every = Math.max(1, Math.ceil((LETTER * 3 + 8) / each / 3) * 3);
  columns.forEach((name, c) => {
    if (c % every === 0) svg.append(node("text", { x: LEFT + c * each + 1, y: rows.length * ROW + 12 }, name));
  });
  read(svg, points, { hint, width, left: LEFT, top: 0, bottom: rows.length * ROW });
  svg.onpointermove = svg.onpointerdown = (event) => {
    const box = svg.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / ROW);
    const c = Math.floor((event.clientX - box.left - LEFT) / each);
    const i = points.findIndex((point) => point.row === row) + c;
    if (c < 0 || points[i]?.row !== row) return svg.reader.hide();
    svg.reader.show(i);
  };
  return rows.length * ROW + 18;
}
