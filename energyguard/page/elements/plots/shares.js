// Shares of a whole as a ring, each with its name and number; a hollow piece belongs to who is silent.
// Data: {parts: [{name, share, said, silent}], middle, below}
import { node } from "./svg.js";

const SIZE = 150;
const THICK = 22;
const ROW = 26;
const SHADES = 4;

function piece(from, to) {
  const around = (SIZE - THICK) / 2;
  const at = (turn) => `${SIZE / 2 + around * Math.sin(2 * Math.PI * turn)} ${SIZE / 2 - around * Math.cos(2 * Math.PI * turn)}`;
  const half = (from + to) / 2; // in two arcs: one alone cannot go all the way round
  return `M${at(from)}A${around} ${around} 0 0 1 ${at(half)}A${around} ${around} 0 0 1 ${at(to)}`;
}

export function shares(svg, { parts, middle, below }, { width }) {
  const text = Math.max(...parts.map((part) => part.name.length)) * 7 + 66;
  const beside = width >= SIZE + 20 + text;
  const gap = parts.filter((part) => part.share > 0).length > 1 ? 0.006 : 0;
  let turn = 0;
  const ring = node("g", { transform: `translate(${beside ? 0 : (width - SIZE) / 2} 0)` });
  parts.forEach((part, i) => {
    const look = `piece s${i % SHADES}${part.silent ? " silent" : ""}`;
    const end = turn + part.share;
    if (part.share > 0) {
      const [from, to] = [turn + gap / 2, Math.max(turn + gap / 2 + 0.001, end - gap / 2)];
      ring.append(node("path", { class: look, d: piece(from, to), "stroke-width": THICK }));
      if (part.silent) ring.append(node("path", { class: "hollow", d: piece(from + 0.004, to - 0.004), "stroke-width": THICK - 4 }));
    }
    turn = end;
  });
  ring.append(
    node("text", { class: "middle", x: SIZE / 2, y: SIZE / 2 + 3, "text-anchor": "middle" }, middle),
    node("text", { x: SIZE / 2, y: SIZE / 2 + 22, "text-anchor": "middle" }, below),
  );
  svg.append(ring);
  const left = beside ? SIZE + 20 : 0;
  const right = beside ? Math.min(width, left + text + 12) : width;
  const top = beside ? Math.max(0, (SIZE - parts.length * ROW) / 2) : SIZE + 14;
  parts.forEach((part, i) => {
    const y = top + i * ROW + ROW / 2;
    const look = `swatch s${i % SHADES}${part.silent ? " silent" : ""}`;
    svg.append(
      node("rect", { class: look, x: left + 1, y: y - 6, width: 12, height: 12, rx: 3 }),
      node("text", { class: "name", x: left + 22, y: y + 4.5 }, part.name),
      node("text", { class: "name", x: right, y: y + 4.5, "text-anchor": "end" }, part.said),
    );
  });
  return Math.max(SIZE, top + parts.length * ROW);
}
